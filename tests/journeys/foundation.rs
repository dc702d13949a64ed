//! Every part of a foundation as it should be configured, asked of each service by the AWS CLI.

use cloudops_e2e::rehearsal::stage::Stage;

use crate::stand::{aws, ends, listed, with_stage};

#[tokio::test(flavor = "multi_thread")]
async fn an_independent_client_sees_every_part_as_configured() {
    with_stage("foundation", |stage| async move {
        let instance = stage.instance("acme", 65).await.unwrap();
        ends(&instance, "cloudcore init", 0).await;
        let mut wrong = Vec::new();
        let all = [BASTION, NETWORK, STORAGE, BUILD_SERVER, NAMES].concat();
        for (what, ask, expect) in all {
            let words = words(&stage, ask).await;
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let (_, found) = aws(&stage, &[&words[..], &["--output", "text"]].concat()).await;
            let found = found.split_whitespace().collect::<Vec<_>>().join(" ");
            if found != expect {
                wrong.push(format!("{what}: `{found}` instead of `{expect}` (aws {ask})"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

/// What it is, the words for the AWS CLI, and the words that it must answer. `{STACK:ID}` is the
/// physical id of a resource of a stack of the foundation.
type Fact = (&'static str, &'static str, &'static str);

const BASTION: &[Fact] = &[
    (
        "session tokens and disk of the bastion",
        "ec2 describe-launch-template-versions --versions $Latest \
         --launch-template-id {bastion:LaunchTemplate} --query \
         LaunchTemplateVersions[].LaunchTemplateData.[MetadataOptions.HttpTokens,BlockDeviceMappings[0].Ebs.Encrypted]",
        "required True",
    ),
    (
        "who reaches the bastion by SSH",
        "ec2 describe-security-groups --group-ids {bastion:SecurityGroup} --query \
         SecurityGroups[].IpPermissions[].[FromPort,ToPort,IpRanges[].CidrIp|[0]]",
        "22 22 203.0.113.0/24",
    ),
    (
        "group of the bastion",
        "autoscaling describe-auto-scaling-groups --auto-scaling-group-names \
         {bastion:BastionGroup} --query AutoScalingGroups[].[MinSize,MaxSize,DesiredCapacity]",
        "1 1 1",
    ),
];

const NETWORK: &[Fact] = &[
    (
        "names in the network",
        "ec2 describe-vpc-attribute --vpc-id {network:Vpc} --attribute enableDnsHostnames --query \
         EnableDnsHostnames.Value",
        "True",
    ),
    (
        "flow log",
        "ec2 describe-flow-logs --filter Name=resource-id,Values={network:Vpc} --query \
         FlowLogs[].[TrafficType,FlowLogStatus]",
        "ALL ACTIVE",
    ),
    (
        "default security group",
        "ec2 describe-security-groups --filters Name=group-name,Values=default \
         Name=vpc-id,Values={network:Vpc} --query \
         length(SecurityGroups[].[IpPermissions,IpPermissionsEgress][][])",
        "0",
    ),
];

const STORAGE: &[Fact] = &[
    (
        "rotation of the key",
        "kms get-key-rotation-status --key-id {storage:StorageKey} --query KeyRotationEnabled",
        "True",
    ),
    (
        "versions of the packages",
        "s3api get-bucket-versioning --bucket {storage:PackageBucket} --query Status",
        "Enabled",
    ),
    (
        "encryption of the packages",
        "s3api get-bucket-encryption --bucket {storage:PackageBucket} --query \
         ServerSideEncryptionConfiguration.Rules[].ApplyServerSideEncryptionByDefault.SSEAlgorithm",
        "aws:kms",
    ),
    (
        "the public and the artifacts",
        "s3api get-public-access-block --bucket {storage:ArtifactBucket} --query \
         PublicAccessBlockConfiguration.[BlockPublicAcls,BlockPublicPolicy,IgnorePublicAcls,RestrictPublicBuckets]",
        "True True True True",
    ),
    (
        "life of access logs",
        "s3api get-bucket-lifecycle-configuration --bucket {storage:LogBucket} --query \
         Rules[?Expiration].Status|[0]",
        "Enabled",
    ),
];

const BUILD_SERVER: &[Fact] = &[
    (
        "files of the build server",
        "efs describe-file-systems --file-system-id {build:HomeFileSystem} --query \
         FileSystems[].[Encrypted,ThroughputMode]",
        "True elastic",
    ),
    (
        "backup of the files",
        "efs describe-backup-policy --file-system-id {build:HomeFileSystem} --query \
         BackupPolicy.Status",
        "ENABLED",
    ),
    (
        "who reaches the load balancer",
        "ec2 describe-security-groups --group-ids {build:LoadBalancerSecurityGroup} --query \
         SecurityGroups[].IpPermissions[].IpRanges[].CidrIp",
        "203.0.113.0/24 203.0.113.0/24",
    ),
    (
        "who reaches the server",
        "ec2 describe-security-groups --group-ids {build:ServerSecurityGroup} --query \
         length(SecurityGroups[].IpPermissions[].IpRanges[])",
        "0",
    ),
    (
        "HTTPS",
        "elbv2 describe-listeners --load-balancer-arn {build:LoadBalancer} --query \
         Listeners[?Port==`443`].[Protocol,SslPolicy]",
        "HTTPS ELBSecurityPolicy-TLS13-1-2-2021-06",
    ),
    (
        "HTTP",
        "elbv2 describe-listeners --load-balancer-arn {build:LoadBalancer} --query \
         Listeners[?Port==`80`].DefaultActions[0].[Type,RedirectConfig.StatusCode]",
        "redirect HTTP_301",
    ),
    (
        "the server",
        "ecs describe-task-definition --task-definition {build-service:TaskDefinition} --query \
         taskDefinition.[networkMode,containerDefinitions[0].user,containerDefinitions[0].linuxParameters.capabilities.drop[0],volumes[0].efsVolumeConfiguration.transitEncryption]",
        "awsvpc 1000 ALL ENABLED",
    ),
    (
        "passwords of the server are references",
        "ecs describe-task-definition --task-definition {build-service:TaskDefinition} --query \
         taskDefinition.containerDefinitions[0].secrets[].name",
        "JENKINS_ADMIN_ID JENKINS_ADMIN_PASSWORD",
    ),
    (
        "agents come over WebSocket",
        "ecs describe-task-definition --task-definition acme-agent --query \
         taskDefinition.containerDefinitions[0].environment[].[name,value]",
        "JENKINS_WEB_SOCKET true",
    ),
    (
        "agents that deploy are of another kind",
        "ecs describe-task-definition --task-definition acme-deploy-agent --query \
         taskDefinition.[cpu,memory,containerDefinitions[0].name]",
        "1024 4096 agent",
    ),
    (
        "no agent idles",
        "ecs list-tasks --cluster acme-build --family acme-agent --query length(taskArns)",
        "0",
    ),
    (
        "images of the server",
        "ecr describe-repositories --repository-names acme/build-server --query \
         repositories[].[imageTagMutability,imageScanningConfiguration.scanOnPush]",
        "IMMUTABLE True",
    ),
    (
        "log of the server",
        "logs describe-log-groups --log-group-name-prefix /cloudops/acme/build-server --query \
         logGroups[].retentionInDays",
        "90",
    ),
];

const NAMES: &[Fact] = &[
    (
        "zones of the domain",
        "route53 list-hosted-zones --query \
         sort(HostedZones[?Name=='acme.example.com.'].to_string(Config.PrivateZone))",
        "false true",
    ),
    (
        "the certificate",
        "acm describe-certificate --certificate-arn {certificate:Certificate} --query \
         Certificate.[Status,sort(SubjectAlternativeNames)[]|[0],KeyAlgorithm]",
        "ISSUED *.acme.example.com RSA_2048",
    ),
    (
        "configuration keys are kept with a type",
        "ssm get-parameter --name /cloudops/acme/core/domain --query Parameter.[Type,Value]",
        "String acme.example.com",
    ),
];

/// The words of a question, with the ids of resources in their places.
async fn words(stage: &Stage, ask: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in ask.split_whitespace() {
        let Some((before, rest)) = word.split_once('{') else {
            words.push(word.to_owned());
            continue;
        };
        let (stack, rest) = rest.split_once(':').unwrap();
        let (logical_id, after) = rest.split_once('}').unwrap();
        let stack = format!("acme-core-{stack}");
        let ask = [
            "cloudformation",
            "describe-stack-resource",
            "--stack-name",
            &stack,
            "--logical-resource-id",
            logical_id,
            "--query",
            "StackResourceDetail.PhysicalResourceId",
        ];
        let id = listed(stage, &ask).await.remove(0);
        words.push(format!("{before}{id}{after}"));
    }
    words
}
