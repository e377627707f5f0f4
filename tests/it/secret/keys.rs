//! Public and private keys: what is taken, what is refused, and that no key is repeated in a message.

use lmsgen::sops::{Identities, IdentityError, RecipientError, parse_recipient};

use super::DEMO_KEY;

const PUBLIC: &str = "age1r0q3yj86kfp5cggd8t7fdw6jxcpzlyfd7eg3s5znrsmkmxfuzduqepwqx6";

fn private() -> &'static str {
    DEMO_KEY.lines().last().expect("the key is the last line")
}

#[test]
fn only_native_recipients_are_taken() {
    assert_eq!(parse_recipient(PUBLIC).unwrap().as_str(), PUBLIC);
    let wrong = PUBLIC.replace("qx6", "qx7");
    let spaced = format!(" {PUBLIC}");
    let upper = PUBLIC.to_uppercase();
    let mixed = PUBLIC.replace("r0q3", "R0q3");
    for (text, expected) in [
        (wrong.as_str(), RecipientError::Invalid),
        (&spaced, RecipientError::Invalid),
        (&upper, RecipientError::Invalid),
        (&mixed, RecipientError::Invalid),
        ("", RecipientError::Invalid),
        ("age1", RecipientError::Invalid),
        ("age1pq1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq", RecipientError::PostQuantum),
        ("age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t", RecipientError::Plugin),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN a", RecipientError::Ssh),
        ("85D77543B3D624B63CEA9E6DBC17301B491B3F21", RecipientError::Pgp),
        ("85D7 7543 B3D6 24B6 3CEA  9E6D BC17 301B 491B 3F21", RecipientError::Pgp),
    ] {
        assert_eq!(parse_recipient(text).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn a_private_key_pasted_as_recipient_is_not_repeated() {
    for text in [private().to_owned(), private().to_lowercase(), format!("\"{}\"", private())] {
        let error = parse_recipient(&text).unwrap_err();
        assert_eq!(error, RecipientError::PrivateKey);
        let said = format!("{error} {error:?} {}", error.help());
        assert!(said.contains("rotate") && !said.to_lowercase().contains(&private().to_lowercase()[20..]), "{said}");
    }
}

#[test]
fn key_files_of_every_kind_are_read() {
    let crlf = DEMO_KEY.replace('\n', "\r\n");
    let bom = format!("\u{feff}{DEMO_KEY}");
    let two = format!("{DEMO_KEY}\n\n# another\n{DEMO_KEY}");
    let one_line = format!("{} {}", private(), private());
    for (text, keys) in [(DEMO_KEY, 1), (&crlf, 1), (&bom, 1), (private(), 1), (&two, 2), (&one_line, 2)] {
        let mut identities = Identities::new();
        identities.add("f", text).unwrap();
        assert_eq!(identities.recipients().collect::<Vec<_>>(), vec![PUBLIC; keys]);
    }
}

#[test]
fn key_files_are_refused_with_the_cause() {
    let damaged = private().replace("AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1Q");
    for (text, expected) in [
        ("", IdentityError::Empty),
        ("# comment\n\n", IdentityError::Empty),
        (PUBLIC, IdentityError::PublicKey(1)),
        ("# c\nAGE-PLUGIN-YUBIKEY-1QGQQQQQ", IdentityError::Plugin(2)),
        ("AGE-SECRET-KEY-PQ-1QQQQ", IdentityError::PostQuantum(1)),
        ("-----BEGIN AGE ENCRYPTED FILE-----\nAAAA", IdentityError::Passphrase),
        ("age-encryption.org/v1\n-> scrypt", IdentityError::Passphrase),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", IdentityError::Ssh),
        ("nonsense", IdentityError::Invalid(1)),
        (&damaged, IdentityError::Invalid(1)),
    ] {
        let mut identities = Identities::new();
        let error = identities.add("the file", text).unwrap_err();
        assert_eq!(error, expected);
        assert!(identities.is_empty());
        assert_eq!(identities.tried(), [format!("the file ({error})")]);
        assert!(!format!("{error:?}{error}{identities:?}").contains(&private()[16..30]));
    }
}
