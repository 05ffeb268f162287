//! What a whole check costs beside the network: all checks of one domain, and a run over many, on a table of replies.
//!
//! Run it with `cargo bench --bench check`. The replies are those of a saved look (`tests/transcripts`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a measurement that cannot be made ends the run; criterion's macros make items without documentation"
)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mailmedic::config::Config;
use mailmedic::engine::Engine;
use mailmedic::knowledge::{Knowledge, Source};
use mailmedic::probe::Replay;
use mailmedic::request::{CheckRequest, Request};
use mailmedic::transcript::Transcript;

/// How many looks of a run are counted together.
const RUN: usize = 100;

fn check(criterion: &mut Criterion) {
    let saved = include_bytes!("../tests/transcripts/healthy.jsonl");
    let transcript = Arc::new(Transcript::read(&saved[..]).expect("a saved look"));
    let domain = transcript.domain.clone();
    let config = Config::default();
    let knowledge = Knowledge::load(&Source::Shipped, &config.brand).unwrap();
    let engine = Arc::new(Engine::new(config, knowledge, Arc::new(Replay(transcript))));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();

    criterion.bench_function("a whole check", |bencher| {
        bencher.iter(|| {
            let mut work = engine.begin(Request::Check(CheckRequest::of(domain.clone())));
            runtime.block_on(work.finish());
            black_box(work.report())
        });
    });
    criterion.bench_function("a whole check with its answer", |bencher| {
        bencher.iter(|| {
            let mut work = engine.begin(Request::Check(CheckRequest::of(domain.clone())));
            runtime.block_on(work.finish());
            black_box(work.answer())
        });
    });
    let mut group = criterion.benchmark_group("a run");
    group.throughput(Throughput::Elements(RUN as u64));
    group.bench_function("domains", |bencher| {
        bencher.iter(|| {
            let run = engine.run();
            for _ in 0..RUN {
                let mut work = run.begin(CheckRequest::of(domain.clone()));
                runtime.block_on(work.finish());
                black_box(work.report());
            }
        });
    });
    group.finish();
}

criterion_group!(benches, check);
criterion_main!(benches);
