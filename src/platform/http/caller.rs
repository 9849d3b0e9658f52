//! Who is calling: the token of a request. What it opens is looked up by `accounts`, never here.

use crate::platform::{
    error::{Error, Result},
    secret::{Token, TokenKind},
};
use poem_openapi::{SecurityScheme, auth::Bearer};

/// The token of a request, as `Authorization: Bearer ...`: of a staff session, an API key, a participant's session,
/// an invitation or another link. Always the first argument of an endpoint.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", rename = "token")]
pub struct Caller(Bearer);

impl Caller {
    /// Whoever holds this token; for pages, which keep it in a cookie.
    pub fn with(token: String) -> Self {
        Self(Bearer { token })
    }

    /// The token and its kind.
    pub fn token(&self) -> Result<(TokenKind, Token)> {
        Token::parse(self.0.token.trim()).ok_or(Error::SignInNeeded)
    }

    /// The token, if it is of this kind.
    pub fn of_kind(&self, kind: TokenKind) -> Result<Token> {
        let (given, token) = self.token()?;
        if given == kind { Ok(token) } else { Err(Error::Forbidden("This token is for something else.".into())) }
    }
}
