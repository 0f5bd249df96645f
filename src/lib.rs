
pub mod abtest;
