//! The clock of this machine beside that of AWS: signatures are refused when they differ much.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_sts::{
    Client,
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::BeforeDeserializationInterceptorContextRef,
    },
    error::BoxError,
};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

use crate::{
    connect::{Aws, broken},
    error::AwsError,
};

/// How far the clock of this machine is ahead of AWS's, to a second; negative when it is behind
/// (`GetCallerIdentity`, the header `Date` of the answer).
///
/// # Errors
/// [`AwsError`]; of kind broken when the answer has no date.
pub async fn ahead(aws: &Aws) -> Result<SignedDuration, AwsError> {
    let seen = Arc::new(Mutex::new(None));
    let request = Client::new(aws.config()).get_caller_identity().customize();
    let answer = request.interceptor(DateHeader(Arc::clone(&seen))).send().await;
    let found = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((theirs, ours)) = found {
        return Ok(difference(theirs, ours));
    }
    answer.map_err(|error| AwsError::new("STS", "GetCallerIdentity", error))?;
    Err(broken("STS", "GetCallerIdentity", &"it has no date"))
}

/// Their clock tells whole seconds only: what is less than one second apart is the same.
fn difference(theirs: Timestamp, ours: Timestamp) -> SignedDuration {
    SignedDuration::from_secs(ours.as_second() - theirs.as_second())
}

/// Keeps the date of an answer, and when it came.
#[derive(Debug)]
struct DateHeader(Arc<Mutex<Option<(Timestamp, Timestamp)>>>);

impl Intercept for DateHeader {
    fn name(&self) -> &'static str {
        "DateHeader"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        if let Some(theirs) = date.and_then(|date| rfc2822::parse(date).ok()) {
            let pair = (theirs.timestamp(), Timestamp::now());
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(pair);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeAws;

    async fn ahead_of(date: Option<Timestamp>) -> Result<i64, AwsError> {
        let fake = FakeAws::start(&[]).await;
        let header = date.map(|date| date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        let fake = fake.with_date(header).await;
        ahead(&fake.aws).await.map(|ahead| ahead.as_secs())
    }

    #[tokio::test]
    async fn the_date_of_an_answer_tells_their_clock() {
        let hour = SignedDuration::from_hours(1);
        let now = Timestamp::now();
        let near = |found: i64, wanted: i64| (found - wanted).abs() < 60;
        assert!(near(ahead_of(Some(now)).await.unwrap(), 0));
        assert!(near(ahead_of(Some(now - hour)).await.unwrap(), 3600));
        assert!(near(ahead_of(Some(now + hour)).await.unwrap(), -3600));
    }
}
