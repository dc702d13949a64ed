//! Logs of services (CloudWatch Logs).

use aws_sdk_cloudwatchlogs::Client;
use jiff::Timestamp;
use serde::Serialize;

use crate::{connect::Aws, error::AwsError};

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Line {
    /// When it was written.
    pub time: Timestamp,
    /// Log stream it is in.
    pub stream: String,
    /// The line.
    pub message: String,
    /// CloudWatch's id of the event.
    pub id: String,
}

/// Lines of a log group since a time, oldest first, of streams whose name begins with a prefix
/// (`FilterLogEvents`, all pages).
///
/// # Errors
/// [`AwsError`]; of kind not found when there is no such log group.
pub async fn lines(
    aws: &Aws,
    group: &str,
    stream_prefix: Option<&str>,
    since: Timestamp,
) -> Result<Vec<Line>, AwsError> {
    let mut pages = Client::new(aws.config())
        .filter_log_events()
        .log_group_name(group)
        .set_log_stream_name_prefix(stream_prefix.map(str::to_owned))
        .start_time(since.as_millisecond())
        .into_paginator()
        .send();
    let mut lines = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| AwsError::new("Logs", "FilterLogEvents", error))?;
        for event in page.events.unwrap_or_default() {
            let time = Timestamp::from_millisecond(event.timestamp.unwrap_or_default());
            lines.push(Line {
                time: time.unwrap_or(since),
                stream: event.log_stream_name.unwrap_or_default(),
                message: event.message.unwrap_or_default(),
                id: event.event_id.unwrap_or_default(),
            });
        }
    }
    lines.sort();
    Ok(lines)
}

/// Names of the log groups that begin with a prefix (`DescribeLogGroups`, all pages).
///
/// # Errors
/// [`AwsError`].
pub async fn groups(aws: &Aws, prefix: &str) -> Result<Vec<String>, AwsError> {
    let request = Client::new(aws.config()).describe_log_groups().log_group_name_prefix(prefix);
    let mut pages = request.into_paginator().items().send();
    let mut names = Vec::new();
    while let Some(group) = pages.next().await {
        let group = group.map_err(|error| AwsError::new("Logs", "DescribeLogGroups", error))?;
        names.extend(group.log_group_name);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeAws;

    #[tokio::test]
    async fn groups_are_listed_by_name() {
        let answer = r#"{"logGroups": [{"logGroupName": "/cloudops/acme/a"}, {"logGroupName": "/cloudops/acme/b"}]}"#;
        let fake = FakeAws::start(&[("DescribeLogGroups", 200, answer)]).await;
        let found = groups(&fake.aws, "/cloudops/acme/").await.unwrap();
        assert_eq!(found, ["/cloudops/acme/a", "/cloudops/acme/b"]);
    }
}
