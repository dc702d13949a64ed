//! `cloudcore status` and `cloudcore outputs`.

use std::fmt::{self, Write};

use cloudcore::ops::{
    VERSION,
    status::{self, Health, StackState, Status},
};
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

fn colored(health: Health, text: &str, style: Style) -> String {
    match health {
        Health::Good => style.good(text),
        Health::Busy => style.warn(text),
        Health::Bad => style.bad(text),
    }
}

fn cost(state: &StackState) -> String {
    match &state.cost {
        Some(cost) => format!("{}{}", cost.total(), if cost.is_whole() { "" } else { " +" }),
        None => "not known".to_owned(),
    }
}

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let headers = ["STACK", "STATUS", "PROTECTED", "TEMPLATE", "COST A MONTH"];
        let mut table = Table::new(style, &headers);
        for state in &self.0.stacks {
            let template = match state.outdated {
                Some(true) => style.warn("outdated"),
                Some(false) => "current".to_owned(),
                None => String::new(),
            };
            let protected = if state.stack.termination_protection { "yes" } else { "" };
            table.row([
                state.stack.name.to_string(),
                colored(state.health, state.stack.status.name(), style),
                protected.to_owned(),
                template,
                cost(state),
            ]);
        }
        write!(out, "{table}")?;
        for part in &self.0.parts {
            writeln!(out, "{:<13} {}", part.name, colored(part.health, &part.says, style))?;
        }
        if !self.0.name_servers.is_empty() {
            writeln!(out, "{:<13} {}", "name servers", self.0.name_servers.join(" "))?;
        }
        writeln!(
            out,
            "{:<13} {} a month, list prices; + means that use or what is not known comes on top",
            "cost",
            self.0.monthly()
        )?;
        self.versions(out, style)
    }

    fn json(&self) -> serde_json::Value {
        let stack = |state: &StackState| {
            serde_json::json!({
                "name": state.stack.name,
                "status": state.stack.status.name(),
                "health": state.health,
                "termination-protection": state.stack.termination_protection,
                "outdated": state.outdated,
                "monthly": state.cost.as_ref().map(cloudops_aws::cost::Estimate::total),
                "monthly-is-whole": state.cost.as_ref().map(cloudops_aws::cost::Estimate::is_whole),
                "outputs": state.stack.outputs,
            })
        };
        serde_json::json!({
            "good": self.0.is_good(),
            "stacks": self.0.stacks.iter().map(stack).collect::<Vec<_>>(),
            "parts": self.0.parts,
            "components": self.0.components,
            "name-servers": self.0.name_servers,
            "certificate": self.0.certificate,
            "monthly": self.0.monthly(),
            "currency": "USD",
            "version": VERSION,
        })
    }
}

impl Shown {
    fn versions(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        for (component, state) in &self.0.components {
            let (program, version) = (component.program(), &state.tool_version);
            let since = state.initialized_at.strftime("%Y-%m-%d %H:%M UTC");
            writeln!(out, "{program} initialized {since}, last by version {version}")?;
        }
        for (component, version) in self.0.other_versions() {
            let program = component.program();
            let line = format!(
                "{program} was last run in version {version}, and this is {VERSION}: \
                 `{program} plan` shows what an upgrade changes"
            );
            writeln!(out, "{}", style.warn(&line))?;
        }
        if !self.0.outdated().is_empty() {
            let line = "`cloudcore plan` shows what `cloudcore init` would bring up to date";
            writeln!(out, "{}", style.warn(line))?;
        }
        Ok(())
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
