//! Server-sent events as bytes.

use std::{convert::Infallible, fmt::Write};

use bytes::Bytes;

/// One piece of the stream. Making one cannot fail.
pub(super) type Piece = Result<Bytes, Infallible>;

/// An event. Each line of its data gets a prefix of its own: a line break in it cannot end the event or begin another.
pub(super) fn event(name: &'static str, data: &str) -> Bytes {
    let mut text = String::with_capacity(data.len() + 64);
    // writing to a string cannot fail
    let _ = writeln!(text, "event: {name}");
    // a lone carriage return ends a line here as well
    for line in data.replace("\r\n", "\n").split(['\n', '\r']) {
        let _ = writeln!(text, "data: {line}");
    }
    text.push('\n');
    text.into()
}

/// Tells the browser how long to wait before it comes again.
pub(super) fn retry(millis: u32) -> Bytes {
    format!("retry: {millis}\n\n").into()
}

/// Nothing, so that both ends see that the other is there.
pub(super) fn heartbeat() -> Bytes {
    Bytes::from_static(b":\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_its_event() {
        for (data, lines) in [
            ("a\n\nevent: snapshot\ndata: evil", 4),
            ("a\r\revent: x", 3),
            ("a\r\n\r\nid: 7\r\n", 4),
            ("", 1),
            ("plain", 1),
        ] {
            let framed = String::from_utf8(event("event", data).to_vec()).unwrap();
            let (body, rest) = framed.split_once("\n\n").unwrap();
            assert_eq!(rest, "", "{data:?} ended the event early");
            let mut framed = body.split('\n');
            assert_eq!(framed.next(), Some("event: event"));
            let framed: Vec<_> = framed.collect();
            assert!(
                framed.iter().all(|line| line.starts_with("data: ") && !line.contains('\r')),
                "{framed:?}"
            );
            assert_eq!(framed.len(), lines, "{data:?}");
        }
    }
}
