//! Wrong input of `config`: nothing is asked of AWS.

use cloudops_e2e::binary::SETTINGS;

use crate::{cloudcore, says};

#[tokio::test]
async fn a_key_or_value_that_cannot_be_is_refused() {
    let program = cloudcore().file("secret.txt", "").file("large.txt", "x".repeat(8193));
    says!(program.run("config get a//b").await, @r"
    exit code: 2
    ----- stderr
    error: invalid value 'a//b' for '<KEY>': `a//b` is not a key: its parts, between `/`, must not be empty

    For more information, try '--help'.
    ");
    says!(program.run("config set env/live/a x").await, @r"
    exit code: 2
    ----- stderr
    error: `env/live/a` is not a key: keys below `env` are those of environments: name one with --env
    ");
    says!(program.run("config set a --file missing.txt").await, @r"
    exit code: 3
    ----- stderr
    error: missing.txt cannot be read: it does not exist
    ");
    says!(program.run("config set a --file large.txt").await, @r"
    exit code: 2
    ----- stderr
    error: a: the value has 8193 bytes, and at most 8192 are possible
    ");
    says!(program.run("config set a --secret --file secret.txt").await, @r"
    exit code: 2
    ----- stderr
    error: a: an empty text cannot be stored; remove the key instead
    ");
    says!(program.run("config set a secretsmanager:x").await, @r"
    exit code: 2
    ----- stderr
    error: a: a text must not begin with `secretsmanager:`; secrets are set with --secret
    ");
}

#[tokio::test]
async fn a_secret_is_never_an_argument() {
    let ran = cloudcore().run("config set a hunter2 --secret").await;
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.stderr.contains("cannot be used with '--secret'"), "{ran}");
    let ran = cloudcore().run("config set a").await;
    assert_eq!(ran.code, Some(2), "{ran}");
}

#[tokio::test]
async fn a_wrong_file_is_named_with_its_place() {
    let import = async |text: &str| {
        cloudcore().file("values.yaml", text).run("config import values.yaml").await
    };
    says!(import("schema: 1\ninstance: [\n").await, @r"
    exit code: 3
    ----- stderr
    error: values.yaml: it cannot be read: line 2 column 11: unclosed bracket '['
    ");
    says!(import("instance: {a: b}\n").await, @r"
    exit code: 3
    ----- stderr
    error: values.yaml: `schema: 1` must stand at its top
    ");
    says!(import("schema: 1\nenvironments:\n  Live: {}\n").await, @r"
    exit code: 3
    ----- stderr
    error: values.yaml:3:3: `environments.Live`: `Live` is not an environment name (1 to 12 lowercase letters, digits and hyphens, starting with a letter, not ending in a hyphen; core, team, deploy, images, build, builds, build-server, network, instance and what ends in -build or -admin are taken)
    ");
    says!(import("schema: 1\ninstance:\n  shop: {a: ok,\n    b c: x}\n").await, @r"
    exit code: 3
    ----- stderr
    error: values.yaml:4:5: `instance.shop.b c`: `shop/b c` is not a key: a part is made of letters, digits, `_`, `.` and `-`
    ");
    says!(import("schema: 1\ninstance:\n  a: \"\"\n").await, @r"
    exit code: 3
    ----- stderr
    error: values.yaml:3:3: `instance.a`: an empty text cannot be stored; remove the key instead
    ");
}

#[tokio::test]
async fn a_wrong_schema_or_backend_is_named() {
    let with = |text: &str| cloudcore().file("cloudops.yaml", format!("{SETTINGS}{text}\n"));
    let schema = with("configuration: {schema: s.yaml}");
    says!(schema.run("config list").await, @r"
    exit code: 3
    ----- stderr
    error: the schema s.yaml cannot be used: it does not exist
    ");
    says!(schema.file("s.yaml", "{type: strange}").run("config list").await, @r"
    exit code: 3
    ----- stderr
    error: the schema s.yaml cannot be used: it# is not valid against metaschema: jsonschema validation failed with https://json-schema.org/draft/2020-12/schema#
    - at '/type': anyOf failed
      - at '/type': value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'
      - at '/type': want array, but got string
    ");
    says!(with("configuration: {backend: consul, token-secret: t}").run("config list").await, @r"
    exit code: 3
    ----- stderr
    error: cloudops.yaml:6:48: configuration.token-secret: goes with `configuration.endpoint`
    ");
    let plain =
        "configuration: {backend: consul, endpoint: 'http://c.example.com', token-secret: t}";
    says!(with(plain).run("config list").await, @r"
    exit code: 3
    ----- stderr
    error: cloudops.yaml:6:44: configuration.endpoint: an https address is needed, because of the token
    ");
    says!(with("configuration: {token-secret: t}").run("config list").await, @r"
    exit code: 3
    ----- stderr
    error: cloudops.yaml:6:31: configuration.token-secret: goes with `backend: consul`
    ");
}
