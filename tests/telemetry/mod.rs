//! Telemetry: recorded once, compared, learned from, and kept in shape.

mod analyze;
mod batch;
mod keep;
mod recommend;
mod record;

use crate::common::{Run, World, definition};

/// A world with the tools `df` and `du` on linux; their estimate is 100 + N milliseconds.
pub fn world() -> World {
    let world = World::new();
    world.write("df.yaml", definition("linux", "df", "1.0", "disk_usage"));
    world.write("du.yaml", definition("linux", "du", "1.0", "disk_usage"));
    world.ok(&["import", "df.yaml", "du.yaml"]);
    world
}

/// Runs `toolcat telemetry` with those arguments, split at blanks.
pub fn telemetry(world: &World, arguments: &str) -> Run {
    let words = std::iter::once("telemetry").chain(arguments.split_whitespace());
    world.run(&words.collect::<Vec<_>>())
}

/// How many executions are recorded.
pub fn rows(world: &World) -> usize {
    let count = world.sql("SELECT count(*) FROM tool_telemetry");
    count.trim().parse().expect("a number")
}

/// Numbers that look random and are the same in each run: uniform between 0 and 1.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Roughly normal, with mean 0 and deviation 1 (the sum of twelve uniforms).
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Lines of executions of `df`, one each minute from 2026-01-01 on: `time` gives milliseconds from the number of the
/// execution, its N and noise; every 20th fails.
pub fn lines(count: usize, time: impl Fn(usize, f64, &mut Noise) -> f64) -> String {
    let mut noise = Noise::new(7);
    let start = "2026-01-01T00:00:00Z"
        .parse::<chrono::DateTime<chrono::Utc>>()
        .expect("a time");
    (0..count)
        .map(|i| {
            let n = (10.0 + 990.0 * noise.uniform()).round();
            let at = (start + chrono::TimeDelta::minutes(i as i64)).to_rfc3339();
            let time = time(i, n, &mut noise);
            let outcome = match i % 20 {
                19 => format!("\"success\":false,\"error\":\"timeout after {i} ms on /dev/sd{i}\""),
                _ => "\"success\":true".to_owned(),
            };
            format!(
                "{{\"tool\":\"df\",\"capability\":\"disk_usage\",\"pattern\":\"use\",\"time_ms\":{time:.1},\
                 \"cost\":0.5,{outcome},\"context\":{{\"N\":{n}}},\"environment\":\"production\",\
                 \"user\":\"u{}\",\"execution_id\":\"e{i}\",\"at\":\"{at}\",\"rating\":{}}}\n",
                i % 3,
                3 + i % 3
            )
        })
        .collect()
}
