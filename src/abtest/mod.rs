//! stub
pub mod assignment;
pub mod bayes;
pub mod moments;
pub mod multiple;
pub mod proportions;
pub mod quantile;
pub mod ratio;
pub mod sequence;
pub mod special;
pub mod success;
pub mod welch;
