//! Mail that comes back, as servers, programs and people write it.

mod corpus;
mod limits;
