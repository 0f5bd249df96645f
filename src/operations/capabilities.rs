//! What the tools of the catalog can do.

use super::{Kind, Refusal, Remedy};
use crate::store::Connection;
use crate::store::capabilities as store;
use crate::words::near;

pub use crate::store::capabilities::{Counted, Offer};

/// The capabilities by name, with the number of tools, on those platforms or, without any, on all.
///
/// # Errors
/// [`Kind::NoDatabase`].
pub fn all(connection: &mut Connection, platforms: &[String]) -> Result<Vec<Counted>, Refusal> {
    Ok(connection.read(|connection| store::counted(connection, platforms))?)
}

/// The tools that offer a capability, by platform and name.
///
/// # Errors
/// [`Kind::NotFound`] if none does, with a name that is near.
pub fn offers(
    connection: &mut Connection,
    capability: &str,
    platforms: &[String],
) -> Result<Vec<Offer>, Refusal> {
    let offers = connection.read(|connection| store::offers(connection, capability, platforms))?;
    if !offers.is_empty() {
        return Ok(offers);
    }
    let known = all(connection, &[])?.into_iter().map(|it| it.capability);
    let near = near(capability, known);
    let message = format!("no tool offers `{capability}`");
    Err(
        Refusal::new(Kind::NotFound, message).remedy(match near.first() {
            Some(first) if first == capability => Remedy::OtherPlatforms,
            Some(_) => Remedy::DidYouMean(near),
            None => Remedy::ListCapabilities,
        }),
    )
}
