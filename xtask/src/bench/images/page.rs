//! The section of the page about benchmarks that `--write` replaces.

use std::path::Path;

use fs_err as fs;

use crate::failure::{Failure, Outcome};

const PAGE: &str = "docs/reference/benchmarks.md";
const BEGIN: &str = "<!-- begin: cargo xtask bench images -->";
const END: &str = "<!-- end: cargo xtask bench images -->";

/// Replaces what stands between the marks.
pub(super) fn write(root: &Path, text: &str) -> Outcome {
    let file = root.join(PAGE);
    let page = replaced(&fs::read_to_string(&file)?, text).ok_or_else(|| {
        Failure::new(format!("{PAGE} has no place for the results"))
            .hint(format!("put the lines `{BEGIN}` and `{END}` where they belong"))
    })?;
    Ok(fs::write(file, page)?)
}

fn replaced(page: &str, text: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let new = replaced(&page, "new\n").unwrap();
        assert_eq!(new, format!("a\n{BEGIN}\n\nnew\n\n{END}\nb\n"));
        assert_eq!(replaced(&new, "new").unwrap(), new);
        assert_eq!(replaced("no marks", "new"), None);
    }
}
