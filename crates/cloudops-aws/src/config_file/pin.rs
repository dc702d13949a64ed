//! Another base image in a `cloudops.yaml` that a person wrote: one value changes, and nothing else
//! in the file.

use super::{BaseImage, CloudOpsConfig, ConfigError};

/// The text of the file with `base` as its `images.base`. All else stays as it is, comments
/// too.
///
/// # Errors
/// [`ConfigError`] when the file cannot be read; none, but the lines to write, when its form does
/// not let us change it.
pub fn pin_base(
    file: &str,
    text: &str,
    base: &BaseImage,
) -> Result<Result<String, String>, ConfigError> {
    let mut wanted = CloudOpsConfig::parse(file, text)?;
    wanted.images.base = Some(base.clone());
    let changed = changed(text, base);
    // Whatever the file looks like: it must say what it said, but for the base.
    match CloudOpsConfig::parse(file, &changed) {
        Ok(found) if found == wanted => Ok(Ok(changed)),
        _ => Ok(Err(format!("images:\n{}", lines(base, "  ")))),
    }
}

fn changed(text: &str, base: &BaseImage) -> String {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let Some(images) = all.iter().position(|line| key(line) == Some((0, "images"))) else {
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return format!("{text}{end}\nimages:\n{}", lines(base, "  "));
    };
    let block = end(&all, images);
    let inner = (images + 1..block).find_map(|place| match key(all[place]) {
        Some((indent, "base")) => Some((place, indent)),
        _ => None,
    });
    let (from, to, indent) = match inner {
        Some((place, indent)) => (place, end(&all, place), indent),
        None => (images + 1, images + 1, first_indent(&all[images + 1..block])),
    };
    let pinned = lines(base, &" ".repeat(indent));
    [&all[..from].concat(), &pinned, &all[to..].concat()].map(String::as_str).concat()
}

/// Indentation and name of the key that a line begins with.
fn key(line: &str) -> Option<(usize, &str)> {
    let trimmed = line.trim_start_matches(' ');
    let (name, _) = trimmed.split_once(':')?;
    (!name.starts_with('#')).then(|| (line.len() - trimmed.len(), name.trim()))
}

fn first_indent(block: &[&str]) -> usize {
    block.iter().find_map(|line| key(line)).map_or(2, |(indent, _)| indent.max(1))
}

/// The line behind what belongs to the key in this line. Comments and blank lines before the next
/// key belong to that one.
fn end(all: &[&str], place: usize) -> usize {
    let own = key(all[place]).map_or(0, |(indent, _)| indent);
    let mut end = place + 1;
    for (number, line) in all.iter().enumerate().skip(place + 1) {
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if line.len() - line.trim_start_matches(' ').len() <= own {
            break;
        }
        end = number + 1;
    }
    end
}

fn lines(base: &BaseImage, indent: &str) -> String {
    let quoted = |value: &str| serde_json::Value::from(value).to_string();
    let (kind, place, digest) = match base {
        BaseImage::Layout { folder, digest } => ("layout", folder, digest),
        BaseImage::Archive { file, digest } => ("archive", file, digest),
        BaseImage::Reference(reference) => ("reference", reference, &None),
    };
    let mut text = format!("{indent}base:\n{indent}  {kind}: {}\n", quoted(place));
    if let Some(digest) = digest {
        text.push_str(&format!("{indent}  digest: {}\n", quoted(digest.as_str())));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Digest;

    const HEAD: &str = "schema: 1\ninstance: acme\naccount: '123456789012'\nregion: us-west-2\n\
                        domain: shop.example.com\n";

    fn base() -> BaseImage {
        BaseImage::Reference(format!("registry.example.com/jre:17@{}", Digest::of(b"base")))
    }

    fn pinned(more: &str) -> Result<String, String> {
        pin_base("cloudops.yaml", &format!("{HEAD}{more}"), &base()).unwrap()
    }

    #[test]
    fn one_value_changes_and_nothing_else() {
        let line = format!("reference: \"{}\"\n", base());
        for (before, after) in [
            ("", format!("\nimages:\n  base:\n    {line}")),
            (
                "images:\n  # the base\n  base:\n    layout: base # ours\n\n# sizes\nenvironments:\n  size: prod\n",
                format!(
                    "images:\n  # the base\n  base:\n    {line}\n# sizes\nenvironments:\n  size: prod\n"
                ),
            ),
            (
                "images:\n    platforms: [linux/arm64]\n",
                format!("images:\n    base:\n      {line}    platforms: [linux/arm64]\n"),
            ),
            (
                "images: # ours\n  base: {layout: base}\n  platforms: [linux/amd64]\n",
                format!("images: # ours\n  base:\n    {line}  platforms: [linux/amd64]\n"),
            ),
        ] {
            assert_eq!(pinned(before).as_deref(), Ok(format!("{HEAD}{after}").as_str()));
        }
        let again = pinned("").unwrap();
        assert_eq!(pin_base("cloudops.yaml", &again, &base()).unwrap(), Ok(again.clone()));
    }

    #[test]
    fn a_form_that_we_cannot_change_is_left_to_the_person() {
        let lines = pinned("images: {base: {layout: base}}\n").unwrap_err();
        assert!(lines.starts_with("images:\n  base:\n    reference:"), "{lines}");
        assert!(pin_base("cloudops.yaml", "schema: 1\n", &base()).is_err());
    }
}
