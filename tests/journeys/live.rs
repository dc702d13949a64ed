//! A live environment is protected: we refuse to delete it, and so does AWS, until it is unprotected.

use cloudops_e2e::rehearsal::stage::Stage;

use crate::stand::{self, ends, listed, ready_to_deploy, with_stage};

const DESTROY: &str = "clouddeploy env destroy live --name live --yes";
const CLUSTER: &str = "acme-live-cluster";

#[tokio::test(flavor = "multi_thread")]
async fn a_live_environment_is_deleted_only_after_it_was_unprotected() {
    with_stage("live", |stage| async move {
        let instance = stage.instance("acme", 90).await.unwrap();
        ends(&instance, "cloudcore init", 0).await;
        ends(&instance, "clouddeploy init", 0).await;
        ends(&instance, "clouddeploy env create live --kind author-live", 0).await;
        let list = ends(&instance, "clouddeploy env list --output json", 0).await.text();
        assert!(
            list.contains("\"protected\":true") || list.contains("\"protected\": true"),
            "{list}"
        );

        // We refuse, and have deleted nothing.
        let refused = ends(&instance, DESTROY, 8).await.text();
        assert!(refused.contains("clouddeploy env unprotect live"), "{refused}");
        // AWS refuses as well, whoever asks.
        let (succeeded, said) = delete_stack(&stage, CLUSTER).await;
        let words =
            "Stack [acme-live-cluster] cannot be deleted while TerminationProtection is enabled";
        assert!(!succeeded && said.contains(words), "{said}");

        ends(&instance, "clouddeploy env unprotect live --name other --yes", 8).await;
        ends(&instance, "clouddeploy env unprotect live --name live --yes", 0).await;
        let again = ends(&instance, "clouddeploy env unprotect live --name live --yes", 0).await;
        assert!(again.text().contains("nothing to change"), "{}", again.text());

        // A stack that somebody protects by hand keeps all of them from deletion.
        let on = ["update-termination-protection", "--enable-termination-protection"];
        assert!(aws(&stage, &on, CLUSTER).await.0);
        let refused = ends(&instance, DESTROY, 8).await.text();
        assert!(refused.contains(CLUSTER), "{refused}");
        let found = aws(&stage, &["describe-stacks"], "acme-live-events").await;
        assert!(found.0, "nothing was deleted: {}", found.1);

        ends(&instance, "clouddeploy env unprotect live --name live --yes", 0).await;
        ends(&instance, DESTROY, 0).await;
        assert!(!aws(&stage, &["describe-stacks"], CLUSTER).await.0);
    })
    .await;
}

/// A database and a balancer that their services do not delete.
const GUARDED: &str = r#"
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.91.0.0/16}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.91.0.0/24, AvailabilityZone: us-west-2a}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: 10.91.1.0/24, AvailabilityZone: us-west-2b}}
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties:
      Scheme: internal
      Subnets: [!Ref A, !Ref B]
      LoadBalancerAttributes: [{Key: deletion_protection.enabled, Value: "true"}]
  Cluster:
    Type: AWS::RDS::DBCluster
    DeletionPolicy: Delete
    Properties:
      Engine: aurora-mysql
      MasterUsername: admin
      ManageMasterUserPassword: true
      DeletionProtection: true
"#;

#[tokio::test(flavor = "multi_thread")]
async fn protected_databases_and_balancers_make_the_deletion_of_their_stack_fail() {
    with_stage("guarded", |stage| async move {
        let create = ["create-stack", "--template-body", GUARDED];
        let made = aws(&stage, &create, "guarded").await;
        assert!(made.0, "{}", made.1);
        let wait = aws(&stage, &["wait", "stack-create-complete"], "guarded").await;
        assert!(wait.0, "{}", events(&stage).await);
        assert_eq!(guarded(&stage).await, (2, 2));
        assert!(delete_stack(&stage, "guarded").await.0);
        let gone = aws(&stage, &["wait", "stack-delete-complete"], "guarded").await;
        assert!(!gone.0, "{}", events(&stage).await);
        let said = events(&stage).await;
        for words in [
            "Cannot delete protected Cluster, please disable deletion protection and try again.",
            "cannot be deleted because deletion protection is enabled",
            "The following resource(s) failed to delete: ",
        ] {
            assert!(said.contains(words), "no `{words}` in:\n{said}");
        }
        assert_eq!(guarded(&stage).await, (2, 2));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn protection_of_a_deployed_environment_is_no_change_and_goes_with_unprotect() {
    with_stage("protected", |stage| async move {
        let instance = stage.instance("acme", 92).await.unwrap();
        ready_to_deploy(&stage, &instance).await;
        ends(&instance, "clouddeploy env protect qa", 0).await;
        ends(&instance, "clouddeploy deploy --env qa --yes", 0).await;
        // The third is the balancer of the build server, which no environment has.
        assert_eq!(guarded(&stage).await, (2, 3));
        let plan = "clouddeploy plan --env qa --detailed-exit-code";
        ends(&instance, plan, 0).await;

        let destroy = "clouddeploy env destroy qa --name qa --yes";
        let refused = ends(&instance, destroy, 8).await.text();
        assert!(refused.contains("clouddeploy env unprotect qa"), "{refused}");

        ends(&instance, "clouddeploy env unprotect qa --name qa --yes", 0).await;
        assert_eq!(guarded(&stage).await, (0, 3));
        ends(&instance, plan, 0).await;
        ends(&instance, destroy, 0).await;
        assert_eq!(guarded(&stage).await, (0, 1));
        assert!(!aws(&stage, &["describe-stacks"], "acme-qa-edge").await.0);
    })
    .await;
}

/// How many balancers and database clusters of the account are protected, and of how many.
async fn guarded(stage: &Stage) -> (usize, usize) {
    let balancers =
        ["elbv2", "describe-load-balancers", "--query", "LoadBalancers[].LoadBalancerArn"];
    let mut found = Vec::new();
    for balancer in listed(stage, &balancers).await {
        let query = "Attributes[?Key=='deletion_protection.enabled'].Value";
        let ask = ["elbv2", "describe-load-balancer-attributes", "--load-balancer-arn", &balancer];
        found.extend(listed(stage, &[&ask[..], &["--query", query]].concat()).await);
    }
    let clusters = ["rds", "describe-db-clusters", "--query", "DBClusters[].DeletionProtection"];
    found.extend(listed(stage, &clusters).await);
    (found.iter().filter(|value| value.eq_ignore_ascii_case("true")).count(), found.len())
}

async fn events(stage: &Stage) -> String {
    aws(stage, &["describe-stack-events", "--output", "text"], "guarded").await.1
}

async fn delete_stack(stage: &Stage, stack: &str) -> (bool, String) {
    aws(stage, &["delete-stack"], stack).await
}

/// Whether `aws cloudformation` succeeded for a stack, and what it said.
async fn aws(stage: &Stage, arguments: &[&str], stack: &str) -> (bool, String) {
    stand::aws(stage, &[&["cloudformation"], arguments, &["--stack-name", stack]].concat()).await
}
