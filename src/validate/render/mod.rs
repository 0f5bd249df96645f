//! Reports for people, machines and code hosts: one file per format, each a pure function.
