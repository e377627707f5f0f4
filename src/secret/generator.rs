//! What a stack may ask lmsgen to make up. No value of these types asks for something that cannot be made.

/// A generator, as declared under `[secrets.<name>.<key>]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Generator {
    /// `generate = "alphanumeric"`, `length` (default 32): letters and digits, a letter first.
    Alphanumeric {
        /// Characters.
        length: Amount,
    },
    /// `generate = "base64"`, `bytes` (default 32): random bytes in base64 of the standard alphabet, padded.
    Base64 {
        /// Bytes; the text is a third longer.
        bytes: Amount,
    },
    /// `generate = "hex"`, `bytes` (default 64): random bytes in lower-case hex.
    Hex {
        /// Bytes; the text is twice as long.
        bytes: Amount,
    },
    /// `generate = "rsa-2048"` and larger: a private key in PEM.
    Rsa(RsaKey),
    /// `generate = "uuid"`: a random UUID, version 4, in lower case.
    Uuid,
    /// `sha256-of = "<key>"`: lower-case hex SHA-256 of another key of the same Secret.
    Sha256Of {
        /// The other key.
        key: String,
    },
}

/// How many characters or bytes: fewer could be guessed, more help nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(u16);

impl Amount {
    /// The least.
    pub const MIN: u16 = 16;
    /// The most.
    pub const MAX: u16 = 256;
    /// 32.
    pub const THIRTY_TWO: Self = Self(32);
    /// 64.
    pub const SIXTY_FOUR: Self = Self(64);

    /// `None` out of bounds.
    #[must_use]
    pub fn new(number: i64) -> Option<Self> {
        u16::try_from(number).ok().filter(|number| (Self::MIN..=Self::MAX).contains(number)).map(Self)
    }

    /// As a number.
    #[must_use]
    pub fn get(self) -> usize {
        self.0.into()
    }
}

/// An RSA key to be made; its exponent is 65537.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RsaKey {
    /// Bits of the modulus.
    pub size: RsaSize,
    /// How it is written.
    pub format: RsaFormat,
    /// `public = true`: everybody may read its public half.
    pub public: bool,
}

/// Bits of an RSA modulus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaSize {
    /// 2048.
    Bits2048,
    /// 3072.
    Bits3072,
    /// 4096.
    Bits4096,
}

impl RsaSize {
    /// As a number.
    #[must_use]
    pub const fn bits(self) -> usize {
        match self {
            Self::Bits2048 => 2048,
            Self::Bits3072 => 3072,
            Self::Bits4096 => 4096,
        }
    }
}

/// How an RSA key is written, in PEM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RsaFormat {
    /// `BEGIN PRIVATE KEY`, what programs write today.
    #[default]
    Pkcs8,
    /// `BEGIN RSA PRIVATE KEY`, for programs that take nothing else.
    Pkcs1,
}

impl RsaFormat {
    /// Every format, as declared.
    pub const NAMED: [(&'static str, Self); 2] = [("pkcs8", Self::Pkcs8), ("pkcs1", Self::Pkcs1)];
}
