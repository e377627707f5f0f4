//! Shapes of tokens that services give a recognisable start. A new service is a line of this table.

/// Which characters follow the start.
#[derive(Clone, Copy, Debug)]
pub(super) enum Alphabet {
    /// `[0-9A-Za-z]`
    Alphanumeric,
    /// `[0-9A-Za-z_-]`
    Word,
    /// `[0-9A-Za-z_.=-]`
    Dotted,
    /// `[0-9a-fA-F]`
    Hex,
    /// `[0-9A-Z]`
    Upper,
}

impl Alphabet {
    pub(super) const fn holds(self, byte: u8) -> bool {
        match self {
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Word => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'='),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        }
    }
}

/// A token: its start, and how many characters of which alphabet follow.
#[derive(Debug)]
pub(super) struct Shape {
    pub what: &'static str,
    pub start: &'static str,
    pub alphabet: Alphabet,
    pub least: usize,
    pub most: usize,
}

const fn shape(what: &'static str, start: &'static str, alphabet: Alphabet, least: usize, most: usize) -> Shape {
    Shape { what, start, alphabet, least, most }
}

use Alphabet::{Alphanumeric, Dotted, Hex, Upper, Word};

pub(super) const SHAPES: &[Shape] = &[
    shape("a GitLab personal access token", "glpat-", Dotted, 20, 300),
    shape("a GitLab deploy token", "gldt-", Dotted, 20, 300),
    shape("a GitLab runner token", "glrt-", Dotted, 20, 300),
    shape("a GitLab runner token", "glrtr-", Dotted, 20, 300),
    shape("a GitLab runner token", "GR1348941", Word, 20, 40),
    shape("a GitLab job token", "glcbt-", Dotted, 20, 300),
    shape("a GitLab trigger token", "glptt-", Dotted, 20, 300),
    shape("a GitLab feed token", "glft-", Dotted, 20, 300),
    shape("a GitLab mail token", "glimt-", Dotted, 20, 300),
    shape("a GitLab agent token", "glagent-", Dotted, 20, 300),
    shape("a GitLab SCIM token", "glsoat-", Dotted, 20, 300),
    shape("a GitHub personal access token", "ghp_", Alphanumeric, 36, 255),
    shape("a GitHub OAuth token", "gho_", Alphanumeric, 36, 255),
    shape("a GitHub user token", "ghu_", Alphanumeric, 36, 255),
    shape("a GitHub app token", "ghs_", Alphanumeric, 36, 255),
    shape("a GitHub refresh token", "ghr_", Alphanumeric, 36, 255),
    shape("a GitHub personal access token", "github_pat_", Word, 60, 255),
    shape("an Atlassian token", "ATATT3", Dotted, 60, 400),
    shape("a Slack token", "xoxb-", Word, 16, 255),
    shape("a Slack token", "xoxp-", Word, 16, 255),
    shape("a Slack token", "xoxa-", Word, 16, 255),
    shape("a Slack token", "xoxr-", Word, 16, 255),
    shape("a Slack token", "xoxs-", Word, 16, 255),
    shape("a Slack app token", "xapp-", Word, 20, 255),
    shape("a Google API key", "AIza", Word, 35, 35),
    shape("a Google OAuth secret", "GOCSPX-", Word, 28, 28),
    shape("a Google OAuth token", "ya29.", Dotted, 40, 2000),
    shape("a Stripe key", "sk_live_", Alphanumeric, 16, 255),
    shape("a Stripe key", "rk_live_", Alphanumeric, 16, 255),
    shape("a Stripe webhook secret", "whsec_", Alphanumeric, 32, 64),
    shape("an npm token", "npm_", Alphanumeric, 36, 36),
    shape("a PyPI token", "pypi-AgE", Word, 50, 1000),
    shape("a RubyGems token", "rubygems_", Hex, 48, 48),
    shape("a Docker Hub token", "dckr_pat_", Word, 20, 40),
    shape("a Docker Hub token", "dckr_oat_", Word, 20, 40),
    shape("a Vault token", "hvs.", Dotted, 24, 400),
    shape("a Vault token", "hvb.", Dotted, 60, 400),
    shape("a Vault token", "hvr.", Dotted, 24, 400),
    shape("a Hugging Face token", "hf_", Alphanumeric, 34, 40),
    shape("an OpenAI key", "sk-proj-", Word, 40, 255),
    shape("an Anthropic key", "sk-ant-", Word, 80, 255),
    shape("a Sentry token", "sntrys_", Dotted, 60, 600),
    shape("a Sentry token", "sntryu_", Hex, 64, 64),
    shape("a Grafana token", "glsa_", Word, 40, 60),
    shape("a Grafana token", "glc_", Dotted, 40, 400),
    shape("a DigitalOcean token", "dop_v1_", Hex, 64, 64),
    shape("a Databricks token", "dapi", Hex, 32, 34),
    shape("a Pulumi token", "pul-", Hex, 40, 40),
    shape("a Postman key", "PMAK-", Word, 50, 70),
    shape("a Shopify token", "shpat_", Hex, 32, 32),
    shape("a Linear key", "lin_api_", Alphanumeric, 40, 40),
    shape("a Tailscale key", "tskey-", Word, 20, 100),
    shape("a SendGrid key", "SG.", Dotted, 60, 70),
    shape("a New Relic key", "NRAK-", Upper, 27, 27),
    shape("a Yandex OAuth token", "y0_", Word, 50, 100),
    shape("a Yandex Cloud API key", "AQVN", Word, 30, 40),
    shape("a Yandex Cloud IAM token", "t1.", Dotted, 100, 500),
    shape("a VK token", "vk1.a.", Word, 60, 255),
];
