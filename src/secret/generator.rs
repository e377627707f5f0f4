//! What a stack may ask lmsgen to make up.

/// A generator, as declared under `[secrets.<name>.<key>]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Generator {
    /// `generate = "alphanumeric"`, `length` (default 32, 16 to 256): letters and digits, a letter first.
    Alphanumeric {
        /// Characters.
        length: usize,
    },
    /// `generate = "hex"`, `bytes` (default 64, 16 to 256): random bytes in lower-case hex.
    Hex {
        /// Bytes; the text is twice as long.
        bytes: usize,
    },
    /// `generate = "rsa-2048"`: a private key, PKCS#8 PEM.
    Rsa2048,
    /// `sha256-of = "<key>"`: lower-case hex SHA-256 of another key of the same Secret.
    Sha256Of {
        /// The other key.
        key: String,
    },
}
