pub mod host;
pub mod routing;
pub mod session;
