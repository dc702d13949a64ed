//! The page in a real browser: wide and narrow, light and dark.
//!
//! Needs Chromium; `cargo xtask test` says so before it begins, and `.ci/run` installs it.

use std::{
    collections::BTreeSet,
    io::Read,
    path::Path,
    process::{Command, Stdio},
};

use crate::run_page::{html, sample, text::escape};

/// Names of the program, by distribution.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// A width and a height in pixels: a phone and a desk.
const SIZES: [(u32, u32); 2] = [(360, 800), (1280, 900)];

/// Looks at the page inside of a frame: a window of the browser is at least 500 pixels wide, a
/// frame is as wide as it is told, and the page itself forbids scripts.
fn host(page: &str, size: (u32, u32)) -> String {
    let (page, (width, height)) = (escape(page), size);
    format!(
        "<!DOCTYPE html><html><head><meta name=\"color-scheme\" content=\"light dark\"></head>\
         <body style=\"margin:0\"><iframe style=\"border:0;width:{width}px;height:{height}px\" \
         srcdoc=\"{page}\"></iframe>{PROBE}</body></html>"
    )
}

/// What the browser found out about the page in the frame.
const PROBE: &str = r#"<script>
onload = () => {
  const page = document.querySelector("iframe").contentWindow, root = page.document.documentElement;
  const sticksOut = e => {
    const box = e.getBoundingClientRect(), style = page.getComputedStyle(e);
    const holds = style.display != "inline" && e.clientWidth > 0;
    return box.right > page.innerWidth + 1 || box.left < -1 || holds && e.scrollWidth > e.clientWidth + 1;
  };
  const wide = [...root.querySelectorAll("body *")].filter(sticksOut);
  document.documentElement.dataset.probe = JSON.stringify({
    scroll: root.scrollWidth, inner: page.innerWidth,
    dark: page.matchMedia("(prefers-color-scheme: dark)").matches,
    paper: page.getComputedStyle(page.document.body).backgroundColor,
    wide: wide.slice(0, 5).map(e => e.outerHTML.slice(0, 90)),
  });
};
</script>"#;

fn chromium() -> &'static str {
    let there = |name: &&&str| {
        let asked = Command::new(name).arg("--version").stdout(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    let found = NAMES.iter().find(there);
    found.expect("this test needs a browser: install Chromium (Debian: apt-get install chromium)")
}

/// Runs the browser on a file and gives back what it wrote.
fn browse(folder: &Path, size: (u32, u32), dark: bool, arguments: &[&str]) -> String {
    let scheme = u8::from(!dark);
    let output = Command::new(chromium())
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        .args(["--hide-scrollbars", "--no-first-run", "--disable-extensions"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .arg(format!("--window-size={},{}", size.0, size.1))
        .args(arguments)
        .arg(format!("file://{}", folder.join("page.html").display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {errors}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn probe(folder: &Path, size: (u32, u32), dark: bool) -> serde_json::Value {
    let document = browse(folder, size, dark, &["--dump-dom"]);
    let found = document.split("data-probe=\"").nth(1).and_then(|rest| rest.split('"').next());
    let text = found.expect("the script of the test ran").replace("&quot;", "\"");
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&text).unwrap()
}

/// Different rows of pixels in a PNG file, as they are stored: a blank page has a handful.
fn rows(png: &[u8]) -> usize {
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "a PNG file");
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap()) as usize;
    let (mut at, mut data, mut width) = (8, Vec::new(), 0);
    let mut bytes_per_pixel = 4;
    while at + 8 <= png.len() {
        let (length, kind) = (number(&png[at..at + 4]), &png[at + 4..at + 8]);
        let body = &png[at + 8..at + 8 + length];
        match kind {
            b"IHDR" => {
                width = number(&body[..4]);
                bytes_per_pixel = if body[9] == 2 { 3 } else { 4 };
            }
            b"IDAT" => data.extend_from_slice(body),
            _ => {}
        }
        at += length + 12;
    }
    let mut pixels = Vec::new();
    flate2::read::ZlibDecoder::new(&*data).read_to_end(&mut pixels).unwrap();
    pixels.chunks(width * bytes_per_pixel + 1).collect::<BTreeSet<_>>().len()
}

/// Looks at a page in one size and one scheme.
fn check(page: &str, size: (u32, u32), dark: bool) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    fs_err::write(&file, host(page, size)).unwrap();
    let found = probe(folder.path(), size, dark);
    assert_eq!(found["inner"], size.0, "the window is as wide as asked: {found}");
    assert_eq!(found["dark"], dark, "{found}");
    assert_eq!(found["scroll"], size.0, "nothing sticks out: {found}");
    assert_eq!(found["wide"], serde_json::json!([]), "nothing sticks out of its place");
    let paper = if dark { "rgb(21, 23, 26)" } else { "rgb(253, 253, 251)" };
    assert_eq!(found["paper"], paper);
    fs_err::write(&file, page).unwrap();
    let shot = folder.path().join("page.png");
    browse(folder.path(), size, dark, &[&format!("--screenshot={}", shot.display())]);
    let rows = rows(&fs_err::read(&shot).unwrap());
    assert!(rows > 150, "the page is not blank: {rows} different rows");
}

#[test]
fn the_page_of_a_failed_run_fits_a_phone_and_a_desk_by_day_and_by_night() {
    let page = html(&sample::failed());
    for size in SIZES {
        check(&page, size, false);
        check(&page, size, true);
    }
}

#[test]
fn the_page_of_a_good_run_fits_a_phone() {
    // All that is folded is opened, so that it is looked at too.
    let page = html(&sample::done()).replace("<details", "<details open");
    check(&page, SIZES[0], false);
}

#[test]
fn what_sticks_out_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let page = html(&sample::done()).replace("<main>", "<main><p style=\"width:600px\">wide</p>");
    fs_err::write(folder.path().join("page.html"), host(&page, SIZES[0])).unwrap();
    let found = probe(folder.path(), SIZES[0], false);
    assert!(found["scroll"].as_u64() > Some(360), "{found}");
    assert!(found["wide"].to_string().contains("width:600px"), "{found}");
}
