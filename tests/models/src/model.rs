pub mod audit;
pub mod delivery;
pub mod host;
pub mod routing;
pub mod session;
