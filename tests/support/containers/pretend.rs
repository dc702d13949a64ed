//! Standing in for an image that no registry here has: every published port is answered.

use super::Error;
use super::mysql;
use super::state::{Record, State};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

const MYSQL: u16 = 3306;

/// Answers on the ports of a pretended container until the process is ended.
pub(super) fn run(state: &State, id: &str) -> Result<(), Error> {
    let record = state.find(id)?;
    super::say(&format!(
        "pretending to be {}: no registry of this machine has the image, so nothing of it runs. \
         HTTP is answered with 200, port {MYSQL} with MySQL's greeting; nothing is stored.",
        record.image
    ))?;
    for (container, host) in &record.ports {
        let listener = TcpListener::bind(("127.0.0.1", *host))?;
        let (container, image) = (*container, record.image.clone());
        super::say(&format!("listening on 127.0.0.1:{host} for port {container}"))?;
        std::thread::spawn(move || serve(&listener, container, &image));
    }
    wait_for_the_end(&record)
}

fn wait_for_the_end(_: &Record) -> Result<(), Error> {
    loop {
        std::thread::park();
    }
}

fn serve(listener: &TcpListener, container: u16, image: &str) {
    for connection in listener.incoming().flatten() {
        let image = image.to_owned();
        std::thread::spawn(move || {
            // The other side decides how a connection ends.
            let _ = if container == MYSQL {
                mysql::talk(connection)
            } else {
                answer(connection, &image)
            };
        });
    }
}

/// HTTP gets an answer; anything else is accepted, read and ignored.
fn answer(mut connection: TcpStream, image: &str) -> std::io::Result<()> {
    let mut buffer = [0u8; 8192];
    let read = connection.read(&mut buffer)?;
    let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
    let first = text.lines().next().unwrap_or_default();
    if !first.contains(" HTTP/1") {
        connection.set_read_timeout(Some(Duration::from_secs(600)))?;
        while connection.read(&mut buffer)? > 0 {}
        return Ok(());
    }
    let _ = writeln!(std::io::stdout(), "pretended an answer to: {first}");
    let body = format!("pretending to be {image}\n");
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nX-Cloudops-Pretend: true";
    write!(connection, "{head}\r\nContent-Length: {}\r\n\r\n", body.len())?;
    if !first.starts_with("HEAD ") {
        connection.write_all(body.as_bytes())?;
    }
    Ok(())
}
