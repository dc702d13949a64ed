//! As much of MySQL's protocol as a readiness probe needs: a greeting, any password, and rows of
//! constants. It lets a database instance of the local AWS become available; it stores nothing.

use std::io::{Read, Result, Write};
use std::net::TcpStream;

/// Protocol 4.1, secure connection, plugin authentication, connect with database, transactions.
const CAPABILITIES: u32 =
    0x0000_0200 | 0x0000_8000 | 0x0008_0000 | 0x0000_0008 | 0x0000_2000 | 0x0000_0001;
const OK: [u8; 7] = [0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00];
const END: [u8; 5] = [0xfe, 0x00, 0x00, 0x02, 0x00];

/// Talks to one client until it leaves.
pub(super) fn talk(mut connection: TcpStream) -> Result<()> {
    send(&mut connection, 0, &greeting())?;
    let (sequence, _) = receive(&mut connection)?;
    send(&mut connection, sequence.wrapping_add(1), &OK)?;
    loop {
        let (_, packet) = receive(&mut connection)?;
        match packet.split_first() {
            Some((0x01, _)) | None => return Ok(()),
            Some((0x03, query)) => reply(&mut connection, &String::from_utf8_lossy(query))?,
            Some(_) => send(&mut connection, 1, &OK)?,
        }
    }
}

fn reply(connection: &mut TcpStream, query: &str) -> Result<()> {
    let Some(columns) = columns(query) else {
        return send(connection, 1, &OK);
    };
    let mut sequence = 1;
    let mut next = |connection: &mut TcpStream, packet: &[u8]| {
        send(connection, sequence, packet)?;
        sequence = sequence.wrapping_add(1);
        Result::Ok(())
    };
    next(connection, &[u8::try_from(columns.len()).unwrap_or(u8::MAX)])?;
    for name in &columns {
        next(connection, &definition(name))?;
    }
    next(connection, &END)?;
    let row: Vec<u8> = columns.iter().flat_map(|name| cell(name)).collect();
    next(connection, &row)?;
    next(connection, &END)
}

/// The expressions of a `SELECT`, or none for any other statement.
fn columns(query: &str) -> Option<Vec<String>> {
    let text = query.trim().trim_end_matches(';');
    let keyword = text.get(..6)?;
    if !keyword.eq_ignore_ascii_case("select") {
        return None;
    }
    let list = text.get(6..)?.split(" FROM ").next()?;
    Some(list.split(',').map(|name| name.trim().chars().take(60).collect()).collect())
}

/// The value of an expression: the server variables that clients ask for, else 1.
fn cell(expression: &str) -> Vec<u8> {
    let value = if expression.contains("max_allowed_packet") {
        "16777216"
    } else if expression.contains("wait_timeout") {
        "28800"
    } else if expression.contains("socket") {
        return vec![0xfb];
    } else if expression.contains("version") {
        "8.0.0-pretend"
    } else {
        "1"
    };
    text(value)
}

/// A column of text.
fn definition(name: &str) -> Vec<u8> {
    let mut packet = Vec::new();
    for part in ["def", "", "", "", name, name] {
        packet.extend(text(part));
    }
    packet.extend([0x0c, 0x21, 0x00, 0xff, 0x00, 0x00, 0x00, 0xfd, 0x00, 0x00, 0x00, 0x00, 0x00]);
    packet
}

fn text(value: &str) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(value.len()).unwrap_or(0)];
    bytes.extend(value.as_bytes());
    bytes
}

fn greeting() -> Vec<u8> {
    let capabilities = CAPABILITIES.to_le_bytes();
    let mut packet = vec![10];
    packet.extend(b"8.0.0-pretend\0");
    packet.extend(1u32.to_le_bytes());
    packet.extend(b"pretend1\0");
    packet.extend(&capabilities[..2]);
    packet.extend([0x21, 0x02, 0x00]);
    packet.extend(&capabilities[2..]);
    packet.push(21);
    packet.extend([0; 10]);
    packet.extend(b"pretend-salt\0");
    packet.extend(b"mysql_native_password\0");
    packet
}

fn send(connection: &mut TcpStream, sequence: u8, body: &[u8]) -> Result<()> {
    let length = u32::try_from(body.len()).unwrap_or(0).to_le_bytes();
    let mut packet = vec![length[0], length[1], length[2], sequence];
    packet.extend(body);
    connection.write_all(&packet)
}

fn receive(connection: &mut TcpStream) -> Result<(u8, Vec<u8>)> {
    let mut head = [0u8; 4];
    connection.read_exact(&mut head)?;
    let length = usize::from(head[0]) | usize::from(head[1]) << 8 | usize::from(head[2]) << 16;
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    Ok((head[3], body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_select_is_answered_per_expression() {
        let found = columns("SELECT @@max_allowed_packet, @@wait_timeout;").unwrap();
        assert_eq!(found, ["@@max_allowed_packet", "@@wait_timeout"]);
        assert_eq!(cell(&found[0]), text("16777216"));
        assert_eq!(columns("SET NAMES utf8mb4"), None);
        assert_eq!(columns(""), None);
    }
}
