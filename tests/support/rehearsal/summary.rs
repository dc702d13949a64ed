//! The summary of a rehearsal, for people.

use serde_json::Value;

use super::outcome::Outcome;
use super::printer::Printer;

impl Outcome {
    /// Prints the summary.
    pub fn print(&self, printer: Printer) {
        if let Some(failure) = &self.failure {
            printer.failure(&format!("the rehearsal failed: {failure}"));
        }
        printer.chapter("Summary");
        self.print_steps(printer);
        self.print_calls(printer);
        self.print_existing(printer);
        self.print_simulated(printer);
        if self.running.is_some() {
            self.print_keep(printer);
        }
        let verdict = match (self.passed, self.interrupted) {
            (true, _) => "passed",
            (false, true) => "was interrupted",
            (false, false) => "failed",
        };
        printer.line("");
        printer.line(&format!("The rehearsal {verdict} after {:.0} seconds.", self.seconds));
    }

    fn print_steps(&self, printer: Printer) {
        printer.line("");
        printer.line("  seconds  calls  step");
        for step in &self.steps {
            let (seconds, calls, command) = (step.seconds, step.calls, &step.command);
            let failed = if step.exit_code == 0 {
                String::new()
            } else {
                format!("  (exit {})", step.exit_code)
            };
            printer.line(&format!("  {seconds:7.1}  {calls:5}  {command}{failed}"));
        }
    }

    fn print_calls(&self, printer: Printer) {
        let total: u64 = self.calls.values().sum();
        let mut services: Vec<(&String, &u64)> = self.calls.iter().collect();
        services.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), (*name).clone()));
        let words: Vec<String> =
            services.iter().map(|(name, count)| format!("{name} {count}")).collect();
        printer.line("");
        printer.line(&format!("  {total} calls of AWS: {}", words.join(", ")));
    }

    fn print_existing(&self, printer: Printer) {
        printer.line("");
        if let Some(height) = &self.height {
            printer.line("  What existed with the release deployed, asked of AWS:");
            printer.line(&format!("    {}", counted(height)));
        }
        printer.line("  What exists now, asked of AWS:");
        printer.line(&format!("    {}", counted(&self.exists)));
        for line in self.kept.iter().flatten() {
            printer.line(&format!("    kept: {line}"));
        }
    }

    fn print_simulated(&self, printer: Printer) {
        printer.line("");
        printer.line("  Real: the three programs, git, the build of the suite, the images and their registry.");
        for answer in &self.storefront {
            let by =
                if answer.pretended { "a pretended container" } else { "a container of the image" };
            printer.line(&format!("  The storefront answered, from {by}: {}", answer.line()));
        }
        printer.line("  Containers, by how they ran:");
        for (way, meaning) in [
            ("podman", "real containers"),
            ("process", "the image's own program in its unpacked folder, without isolation"),
            ("pretend", "only pretended, because no registry here has the image"),
        ] {
            let count = self.containers[way]["containers"].as_u64().unwrap_or(0);
            if count > 0 {
                let images = self.containers[way]["images"].as_array().map_or(0, Vec::len);
                printer.line(&format!("    {way}: {count} of {images} images: {meaning}"));
            }
        }
        printer.line("  Simulated, because no AWS account was used:");
        for sentence in &self.simulated {
            printer.line(&format!("    {sentence}"));
        }
    }

    fn print_keep(&self, printer: Printer) {
        let endpoint = &self.endpoint;
        printer.line("");
        printer.line("  Everything is still running. To look around:");
        printer.line(
            "    export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-west-2",
        );
        printer.line(&format!("    export AWS_ENDPOINT_URL={endpoint}"));
        printer.line(&format!("    cd {}", self.work.join("acme").display()));
        printer.line("    cloudcore status");
        for example in ["cloudformation describe-stacks", "ecs list-clusters", "s3 ls"] {
            printer.line(&format!("    aws --endpoint-url {endpoint} {example}"));
        }
        if let Some(answer) = self.storefront.last() {
            printer.line(&format!("    curl -H 'Host: {}' {}", answer.host, answer.address));
        }
        if let Some(running) = &self.running {
            for (name, id) in &running.processes {
                printer.line(&format!("    process {id}: {name}"));
            }
            printer.line("  To end it and remove its folder: cargo xtask rehearse --clean");
            printer.line(&format!("  To end only its processes: {}", running.stop_command()));
        }
    }
}

/// Sections with the number of things in each.
fn counted(inventory: &Value) -> String {
    let sections = inventory.as_object();
    let words: Vec<String> = sections
        .into_iter()
        .flatten()
        .filter_map(|(name, things)| {
            let count = things.as_object().map_or(0, serde_json::Map::len);
            (count > 0).then(|| format!("{count} {}", name.replace('_', " ")))
        })
        .collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}
