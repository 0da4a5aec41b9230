use settings::{Background, read};

use crate::{given, names, production};

#[test]
fn background_work_is_done_unless_a_developer_says_otherwise() {
    assert_eq!(read(&given(&[])).unwrap().background, Background { worker: true, scheduler: true });
    for (name, expected) in [
        ("ENABLE_WORKER", Background { worker: false, scheduler: true }),
        ("ENABLE_CELERY", Background { worker: false, scheduler: true }),
        ("ENABLE_SCHEDULER", Background { worker: true, scheduler: false }),
        ("ENABLE_CELERY_BEAT", Background { worker: true, scheduler: false }),
    ] {
        for word in ["false", "0", "Off"] {
            assert_eq!(read(&given(&[(name, word)])).unwrap().background, expected, "{name}={word}");
        }
        for environment in ["staging", "production"] {
            let problems = production(&[("ENVIRONMENT", environment), (name, "false")]).unwrap_err();
            let told = name.replace("CELERY_BEAT", "SCHEDULER").replace("CELERY", "WORKER");
            assert_eq!(names(&problems), [told], "{environment}");
        }
        production(&[(name, "true")]).expect(name);
        let problems = read(&given(&[(name, "perhaps")])).unwrap_err();
        assert_eq!(names(&problems), [name]);
    }
}

#[test]
fn two_names_of_one_switch_must_say_the_same() {
    for (new, old) in [("ENABLE_WORKER", "ENABLE_CELERY"), ("ENABLE_SCHEDULER", "ENABLE_CELERY_BEAT")] {
        read(&given(&[(new, "true"), (old, "1")])).expect("they say the same");
        read(&given(&[(new, ""), (old, "true")])).expect("one of them says nothing");
        for (of_new, of_old) in [("true", "false"), ("false", "true")] {
            let problems = read(&given(&[(new, of_new), (old, of_old)])).unwrap_err();
            assert_eq!(names(&problems), [old]);
            assert!(problems.to_string().contains(new), "{problems}");
        }
    }
}

#[test]
fn redis_is_needed_where_processes_are_several() {
    for (but, needed) in [
        (&[][..], true),
        (&[("ENABLE_RATE_LIMITING", "false")], true),
        (&[("ENVIRONMENT", "development"), ("ENABLE_RATE_LIMITING", "true")], false),
    ] {
        let but = [but, &[("REDIS_URL", "")]].concat();
        let read = production(&but);
        assert_eq!(read.is_err(), needed, "{but:?}");
        if let Err(problems) = read {
            assert_eq!(names(&problems), ["REDIS_URL"]);
        }
    }
}
