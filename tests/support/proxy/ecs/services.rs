//! `CreateService`, `UpdateService`, `DeleteService`, `DescribeServices`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::model::{Definition, Service};
use super::{Ecs, Key, Outcome, error, key, view};
use crate::proxy::upstream::UpstreamError;

/// Settings whose change begins a deployment.
const DEPLOYED: [&str; 8] = [
    "capacityProviderStrategy",
    "launchType",
    "loadBalancers",
    "networkConfiguration",
    "platformVersion",
    "serviceConnectConfiguration",
    "serviceRegistries",
    "volumeConfigurations",
];

impl Ecs {
    pub(super) async fn create_service(&self, body: &Value) -> Option<Outcome> {
        let controller = body["deploymentController"]["type"].as_str().unwrap_or("ECS");
        if controller != "ECS" || body["schedulingStrategy"] == "DAEMON" {
            return None;
        }
        Some(self.create(body).await)
    }

    async fn create(&self, body: &Value) -> Outcome {
        let name = body["serviceName"].as_str().unwrap_or_default();
        let key = key(body["cluster"].as_str(), name);
        if self.lock().get(&key).is_some_and(|service| service.draining && !service.is_gone()) {
            let message = "Unable to Start a service that is still Draining.";
            return Err(error("InvalidParameterException", message));
        }
        let definition = self.definition(body["taskDefinition"].as_str(), Some(body)).await?;
        self.check_groups(body).await?;
        let mut shell = body.clone();
        shell["desiredCount"] = json!(0);
        // The proxy registers the targets.
        shell["loadBalancers"] = json!([]);
        let answer = self.ecs("CreateService", &shell).await?;
        let made = &answer["service"];
        let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
        let arns = (text("serviceArn"), text("clusterArn"));
        let mut service = Service::new(key.clone(), arns, body.clone());
        service.desired = count(body)?.unwrap_or(1);
        service.begin(&definition, Timestamp::now());
        let shown = view::service(&service, made);
        let generation = service.generation;
        self.lock().insert(key.clone(), service);
        self.track(key, generation);
        Ok(json!({"service": shown}))
    }

    pub(super) async fn update_service(&self, body: &Value) -> Option<Outcome> {
        let key = key(body["cluster"].as_str(), body["service"].as_str().unwrap_or_default());
        let draining = self.lock().get(&key).map(|service| service.draining)?;
        if draining {
            let message = "Service was not ACTIVE.";
            return Some(Err(error("ServiceNotActiveException", message)));
        }
        Some(self.update(&key, body).await)
    }

    async fn update(&self, key: &Key, body: &Value) -> Outcome {
        let desired = count(body)?;
        let (settings, task_definition) = self.planned(key, body)?;
        let definition = self.definition(Some(&task_definition), Some(&settings)).await?;
        self.check_groups(body).await?;
        let mut shell = body.clone();
        if let Some(fields) = shell.as_object_mut() {
            for name in ["desiredCount", "taskDefinition", "forceNewDeployment", "loadBalancers"] {
                fields.remove(name);
            }
        }
        let answer = self.ecs("UpdateService", &shell).await?;
        self.refresh_checks(&settings["loadBalancers"]).await;
        let now = Timestamp::now();
        let shown = self.with(key, |service| {
            let begins = begins(service, body, &definition);
            service.settings = settings;
            if let Some(desired) = desired {
                service.steady &= service.desired == desired;
                service.desired = desired;
            }
            if begins {
                service.begin(&definition, now);
            }
            view::service(service, &answer["service"])
        });
        let shown = shown.ok_or_else(|| error("ServiceNotFoundException", "Service not found."))?;
        Ok(json!({"service": shown}))
    }

    /// The settings after the update, and the task definition that it names or keeps.
    fn planned(&self, key: &Key, body: &Value) -> Result<(Value, String), UpstreamError> {
        let services = self.lock();
        let missing = || error("ServiceNotFoundException", "Service not found.");
        let service = services.get(key).ok_or_else(missing)?;
        let mut settings = service.settings.clone();
        for (name, value) in body.as_object().into_iter().flatten() {
            if name == "deploymentConfiguration" && settings[name].is_object() {
                // Of the configuration, too, only what is named changes.
                for (part, value) in value.as_object().into_iter().flatten() {
                    settings[name][part] = value.clone();
                }
            } else {
                settings[name] = value.clone();
            }
        }
        let current = service.rollouts.first().map(|rollout| rollout.task_definition.clone());
        let named = body["taskDefinition"].as_str().map(str::to_owned);
        Ok((settings, named.or(current).unwrap_or_default()))
    }

    pub(super) async fn delete_service(&self, body: &Value) -> Option<Outcome> {
        let key = key(body["cluster"].as_str(), body["service"].as_str().unwrap_or_default());
        let desired = self.lock().get(&key).filter(|s| !s.draining).map(|s| s.desired)?;
        if desired > 0 && body["force"] != true {
            let message = "The service cannot be stopped while it is scaled above 0.";
            return Some(Err(error("InvalidParameterException", message)));
        }
        Some(self.delete(&key, body).await)
    }

    async fn delete(&self, key: &Key, body: &Value) -> Outcome {
        let mut forced = body.clone();
        forced["force"] = json!(true);
        let answer = self.ecs("DeleteService", &forced).await?;
        let shown = self.with(key, |service| {
            (service.draining, service.desired, service.steady) = (true, 0, false);
            view::service(service, &answer["service"])
        });
        // The emulator lets go of a name only when somebody looks at the deleted service.
        let look = json!({"cluster": key.0, "services": [key.1]});
        self.ecs("DescribeServices", &look).await?;
        Ok(json!({"service": shown}))
    }

    pub(super) async fn describe_services(&self, body: &Value) -> Outcome {
        let mut answer = self.ecs("DescribeServices", body).await?;
        let services = self.lock();
        for shown in answer["services"].as_array_mut().into_iter().flatten() {
            let arn = shown["serviceArn"].as_str().unwrap_or_default();
            if let Some(service) = services.get(&key(body["cluster"].as_str(), arn)) {
                *shown = view::service(service, shown);
            }
        }
        Ok(answer)
    }

    /// Takes a desired count that the emulator's auto scaling has set on the shell.
    pub(super) async fn take_over(&self, key: &Key) {
        let look = json!({"cluster": key.0, "services": [key.1]});
        let Ok(answer) = self.ecs("DescribeServices", &look).await else {
            return;
        };
        let wanted = answer["services"][0]["desiredCount"].as_u64().unwrap_or(0);
        let Some(wanted) = usize::try_from(wanted).ok().filter(|wanted| *wanted > 0) else {
            return;
        };
        self.with(key, |service| service.desired = wanted);
        let shell = json!({"cluster": key.0, "service": key.1, "desiredCount": 0});
        // When it fails, the next look tries again.
        let _ = self.ecs("UpdateService", &shell).await;
    }
}

fn begins(service: &Service, body: &Value, definition: &Definition) -> bool {
    let other = service.rollouts.first().is_none_or(|r| r.task_definition != definition.arn);
    let changed = |name: &&str| !body[*name].is_null() && body[*name] != service.settings[*name];
    other || body["forceNewDeployment"] == true || DEPLOYED.iter().any(changed)
}

fn count(body: &Value) -> Result<Option<usize>, UpstreamError> {
    if body["desiredCount"].is_null() {
        return Ok(None);
    }
    let count = body["desiredCount"].as_u64().and_then(|count| usize::try_from(count).ok());
    let negative = || error("InvalidParameterException", "desiredCount cannot be negative.");
    count.map(Some).ok_or_else(negative)
}
