//! Classes and pages that are made up: the same for the same path, on every machine.

/// Words as the constant pools and pages of a web application hold them.
const WORDS: [&str; 16] = [
    "java/lang/String",
    "getRequest",
    "commerce/cart/Item",
    "Ljava/util/List;",
    "<div class=\"row\">",
    "</div>\n",
    "PriceLookup",
    "()V",
    "LineNumberTable",
    "org/springframework/beans",
    "setQuantity",
    "Code",
    "catalogCode",
    "StackMapTable",
    "java/io/Serializable",
    "<td>",
];

/// A class file: its magic number, then names and code. It compresses to about a half.
pub(super) fn class(path: &str, bytes: usize) -> Vec<u8> {
    let mut class = vec![0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 61];
    fill(&mut class, path, bytes, 10);
    class
}

/// A page: mostly words. It compresses to about a quarter.
pub(super) fn page(path: &str, bytes: usize) -> Vec<u8> {
    let mut page = b"<!DOCTYPE html>\n".to_vec();
    fill(&mut page, path, bytes, 2);
    page
}

/// Appends words, each followed by `between` bytes that nothing foretells, up to `bytes`.
fn fill(target: &mut Vec<u8>, seed: &str, bytes: usize, between: usize) {
    let mut state = seed.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    while target.len() < bytes {
        // xorshift: any sequence does that is always the same.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let random = state.to_le_bytes();
        target.extend(WORDS[usize::from(random[0] & 15)].bytes());
        target.extend(random.iter().cycle().take(between));
    }
    target.truncate(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_always_gives_the_same_and_another_path_another() {
        let one = class("a/One.class", 4000);
        assert_eq!(one, class("a/One.class", 4000));
        assert_ne!(one, class("a/Two.class", 4000));
        assert_eq!((one.len(), &one[..4]), (4000, &[0xca, 0xfe, 0xba, 0xbe][..]));
        assert!(page("a.html", 500).starts_with(b"<!DOCTYPE html>"));
    }
}
