//! The JSON Schema of the file, for editors.

use super::SCHEMA;

fn object(fields: serde_json::Value) -> serde_json::Value {
    serde_json::json!({"type": "object", "additionalProperties": false, "properties": fields})
}

/// The JSON Schema of the file, for editors.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    let text = serde_json::json!({"type": "string"});
    let mut schema = object(serde_json::json!({
        "schema": {"const": SCHEMA, "description": "Schema number of this file"},
        "instance": {"type": "string", "pattern": "^[a-z][a-z0-9-]{1,15}$", "description": "Name of the instance; every name in AWS begins with it"},
        "account": {"type": "string", "pattern": "^[0-9]{12}$", "description": "AWS account id"},
        "region": {"type": "string", "description": "AWS region code"},
        "domain": {"type": "string", "description": "Domain of the public and private zone"},
        "tags": {"type": "object", "additionalProperties": text, "description": "Tags of every stack"},
        "cost-centre": {"type": "string", "description": "Who pays: value of the tag cloudops:cost-centre"},
        "admin-cidrs": {"type": "array", "maxItems": 4, "items": text, "description": "IPv4 ranges that may reach bastion, build server and back office"},
        "network": object(serde_json::json!({
            "cidr": {"type": "string", "default": "10.0.0.0/16"},
            "zones": {"enum": [2, 3], "default": 2},
            "nat-gateways": {"enum": ["none", "single", "per-zone"], "default": "single"},
            "ipv6": {"type": "boolean", "default": false},
            "adopt": adopted_network(),
        })),
        "dns": object(serde_json::json!({
            "delegate": {"type": "boolean", "default": true},
            "parent-zone": {"type": "string", "pattern": "^Z[A-Z0-9]{1,31}$"},
            "parent-role": {"type": "string", "pattern": "^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$"},
            "parent-external-id": {"type": "string", "pattern": "^[A-Za-z0-9_+=,.@:/-]{2,1224}$"},
            "roots": {"type": "array", "items": text, "description": "Root servers, where DNS is not that of the internet"},
            "resolvers": {"type": "array", "items": text, "description": "Public resolvers to ask"},
        })),
        "certificate": object(serde_json::json!({
            "arn": {"type": "string", "pattern": "^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/.+$"},
        })),
        "configuration": object(serde_json::json!({
            "backend": {"enum": ["parameter-store", "consul"], "default": "parameter-store"},
            "schema": {"type": "string", "description": "File with the JSON Schema of the values"},
            "endpoint": {"type": "string", "format": "uri"},
            "token-secret": {"type": "string"},
        })),
        "bastion": object(serde_json::json!({
            "instance-type": {"type": "string", "default": "t4g.nano"},
            "key-pair": text,
        })),
        "build-server": object(serde_json::json!({
            "image": text,
            "base": base_image(),
            "plugins": text,
            "plugin-source": {"type": "string", "default": "https://updates.jenkins.io"},
            "configuration": text,
            "agent-image": text,
            "endpoint": {"type": "string", "format": "uri"},
            "user": {"type": "string", "default": "admin"},
        })),
        "source": source(),
        "images": object(serde_json::json!({
            "base": base_image(),
            "platforms": {
                "type": "array",
                "items": {"enum": ["linux/amd64", "linux/arm64"]},
                "description": "Platforms that images are built for; those of the base when none is given",
            },
        })),
        "environments": object(serde_json::json!({
            "launch-type": {"enum": ["ec2", "fargate"], "default": "ec2"},
            "size": {"enum": ["dev", "prod"], "default": "dev"},
        })),
    }));
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "cloudops.yaml".into();
    schema["required"] = serde_json::json!(["schema", "instance", "account", "region", "domain"]);
    schema
}

fn base_image() -> serde_json::Value {
    let text = serde_json::json!({"type": "string"});
    object(serde_json::json!({
        "layout": text,
        "archive": text,
        "digest": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
        "reference": {"type": "string", "pattern": "@sha256:[0-9a-f]{64}$"},
    }))
}

fn source() -> serde_json::Value {
    let text = serde_json::json!({"type": "string"});
    let texts = serde_json::json!({"type": "array", "items": text});
    let version = serde_json::json!({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)*$"});
    let repository = serde_json::json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["id", "url"],
        "properties": {
            "id": text,
            "url": {"type": "string", "format": "uri"},
            "mirror-of": text,
            "credentials-secret": text,
        },
    });
    object(serde_json::json!({
        "repository": text,
        "branch": {"type": "string", "default": "main"},
        "credentials": text,
        "build": object(serde_json::json!({
            "command": text,
            "verify-command": text,
            "output": text,
            "test-reports": text,
            "environment": {"type": "object", "additionalProperties": text},
            "jdk": version,
            "maven": version,
            "timeout-minutes": {"type": "integer", "minimum": 1, "default": 240},
            "repositories": {"type": "array", "items": repository},
            "cache": object(serde_json::json!({"folders": texts, "keys": texts})),
        })),
        "pipeline": object(serde_json::json!({
            "poll": {"type": "string", "default": "H/5 * * * *"},
            "schedule": text,
            "environment": text,
            "smoke-command": text,
        })),
    }))
}

fn adopted_network() -> serde_json::Value {
    let subnets = serde_json::json!({
        "type": "array", "minItems": 2, "maxItems": 3,
        "items": {"type": "string", "pattern": "^subnet-[0-9a-f]+$"},
    });
    serde_json::json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["vpc", "cidr", "public-subnets", "private-subnets", "data-subnets"],
        "properties": {
            "vpc": {"type": "string", "pattern": "^vpc-[0-9a-f]+$"},
            "cidr": {"type": "string"},
            "public-subnets": subnets,
            "private-subnets": subnets,
            "data-subnets": subnets,
        },
    })
}
