//! Lines out of pieces of a text.

/// Longest line; what is longer is cut, so that a log without line ends fits into memory.
const LONGEST: usize = 64 * 1024;

/// What has come of the line that is not complete. Lines are cut as bytes, so that a character
/// that two pieces share stays whole.
#[derive(Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// The lines that a piece completes.
    pub(super) fn take(&mut self, piece: &[u8]) -> Vec<String> {
        self.partial.extend_from_slice(piece);
        let end = match self.partial.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            None if self.partial.len() >= LONGEST => self.partial.len(),
            None => return Vec::new(),
        };
        let rest = self.partial.split_off(end);
        let lines = std::mem::replace(&mut self.partial, rest);
        String::from_utf8_lossy(&lines).lines().map(str::to_owned).collect()
    }

    /// The last line, when it has no end.
    pub(super) fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.partial);
        (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_two_pieces_share_stays_whole() {
        let mut lines = Lines::default();
        let text = "grün\nfertig".as_bytes();
        assert_eq!(lines.take(&text[..3]), Vec::<String>::new());
        assert_eq!(lines.take(&text[3..]), ["grün"]);
        assert_eq!(lines.rest().as_deref(), Some("fertig"));
        assert_eq!(lines.rest(), None);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut lines = Lines::default();
        assert_eq!(lines.take(&[b'x'; LONGEST - 1]).len(), 0);
        assert_eq!(lines.take(b"x")[0].len(), LONGEST);
        assert_eq!(lines.rest(), None);
    }
}
