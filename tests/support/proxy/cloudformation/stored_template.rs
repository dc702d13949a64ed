//! Templates that are named by their address in S3.

use reqwest::Method;

use super::answer::Fault;
use crate::proxy::upstream::Upstream;

/// The text of the template at an S3 address, in virtual-host or path style.
pub(super) async fn read(upstream: &Upstream, address: &str) -> Result<String, Fault> {
    let unreadable = || Fault::validation(format!("S3 error: Access Denied for {address}"));
    let path = path(address).ok_or_else(unreadable)?;
    match upstream.rest("s3", Method::GET, &path, Vec::new()).await {
        Ok((200, text)) => Ok(text),
        _ => Err(unreadable()),
    }
}

/// `/bucket/key` of an S3 address in either style.
fn path(address: &str) -> Option<String> {
    let address = url::Url::parse(address).ok()?;
    let host = address.host_str()?;
    let path = address.path();
    Some(match host.split_once(".s3") {
        Some((bucket, _)) => format!("/{bucket}{path}"),
        None => path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn templates_are_found_in_either_style() {
        let expect = Some("/b/k/t.yaml".to_owned());
        assert_eq!(path("https://b.s3.us-west-2.amazonaws.com/k/t.yaml"), expect);
        assert_eq!(path("https://b.s3.amazonaws.com/k/t.yaml"), expect);
        assert_eq!(path("https://s3.us-west-2.amazonaws.com/b/k/t.yaml"), expect);
        assert_eq!(path("http://127.0.0.1:4566/b/k/t.yaml"), expect);
    }
}
