//! `cloudcore status` and `cloudcore outputs`.

use std::fmt::{self, Write};

use cloudcore::ops::status::{self, Status};
use cloudops_aws::{
    diagnose::Class,
    state::init::Component,
    terminal::{CliResult, Report, Session, Style, Table},
};

pub(super) async fn exec(session: &Session) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let status = status::status(&ctx, &config).await?;
    session.print(&Shown(status));
    Ok(Class::Done)
}

pub(super) async fn outputs(session: &Session) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let status = status::status(&ctx, &config).await?;
    session.print(&Outputs(status));
    Ok(Class::Done)
}

struct Shown(Status);

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let mut table = Table::new(style, &["STACK", "STATUS", "PROTECTED"]);
        for stack in &self.0.stacks {
            let status = stack.status.name();
            let status =
                if stack.status.is_success() { style.good(status) } else { style.bad(status) };
            let protected = if stack.termination_protection { "yes" } else { "" };
            table.row([stack.name.to_string(), status, protected.to_owned()]);
        }
        write!(out, "{table}")?;
        for (component, state) in &self.0.components {
            let (program, version) = (component.program(), &state.tool_version);
            let since = state.initialized_at.strftime("%Y-%m-%d %H:%M UTC");
            writeln!(out, "{program} initialized {since} by version {version}")?;
        }
        if !self.0.name_servers.is_empty() {
            writeln!(out, "name servers  {}", self.0.name_servers.join(" "))?;
        }
        match &self.0.certificate {
            Some(status) => writeln!(out, "certificate   {status}"),
            None => Ok(()),
        }
    }

    fn json(&self) -> serde_json::Value {
        let stack = |stack: &cloudops_aws::cfn::observe::Observed| {
            serde_json::json!({
                "name": stack.name,
                "status": stack.status.name(),
                "termination-protection": stack.termination_protection,
                "outputs": stack.outputs,
            })
        };
        serde_json::json!({
            "stacks": self.0.stacks.iter().map(stack).collect::<Vec<_>>(),
            "components": self.0.components,
            "name-servers": self.0.name_servers,
            "certificate": self.0.certificate,
        })
    }
}

struct Outputs(Status);

impl Report for Outputs {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let mut table = Table::new(style, &["OUTPUT", "VALUE"]);
        let core = self.0.components.get(&Component::Core);
        for (name, value) in core.iter().flat_map(|core| &core.outputs) {
            table.row([name, value]);
        }
        write!(out, "{table}")
    }

    fn json(&self) -> serde_json::Value {
        let core = self.0.components.get(&Component::Core);
        serde_json::json!({ "outputs": core.map(|core| &core.outputs) })
    }
}
