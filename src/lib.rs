pub mod abtest;
