//! Personal data hides itself. In a program of its own: whether it does is the whole process' to say.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use kernel::{Personal, PhoneNumber, hides_personal, show_personal_data};

struct Visit {
    number: u32,
    visitor: String,
    unnamed: &'static str,
}

hides_personal!(Visit { number; visitor });

fn written() -> String {
    let visit = Visit { number: 7, visitor: "Quincy Oddfellow".to_owned(), unnamed: "elsewhere" };
    assert_eq!(visit.unnamed, "elsewhere");
    let name = Personal::new("Quincy".to_owned());
    let phone = PhoneNumber::parse("+12148654559").unwrap();
    format!("{visit:?} {name} {name:?} {phone:?}")
}

#[test]
fn personal_data_hides_itself_until_it_is_said_not_to() {
    let hidden = written();
    assert_eq!(hidden, "Visit { number: 7, visitor: [personal], .. } [personal] [personal] [phone …59]");
    show_personal_data(true);
    let shown = written();
    show_personal_data(false);
    assert_eq!(
        shown,
        "Visit { number: 7, visitor: \"Quincy Oddfellow\", .. } Quincy \"Quincy\" [phone +12148654559]"
    );
    assert_eq!(written(), hidden);
}

#[test]
fn it_is_used_and_stored_like_what_it_holds() {
    let name: Personal = "Quincy".to_owned().into();
    assert_eq!(name.len(), 6);
    assert_eq!(serde_json::to_string(&name).unwrap(), "\"Quincy\"");
    assert_eq!(serde_json::from_str::<Personal>("\"Quincy\"").unwrap(), name);
}
