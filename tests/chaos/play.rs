//! The play: one operation after the other, drawn by the seed, and what it remembers of them.

use crate::bystander::Bystander;
use crate::foreign::Foreign;
use crate::model::Model;
use crate::pop::{Database, Pop};
use crate::quiet;
use crate::random::Random;
use crate::stage::Stage;
use crate::weather::Weather;
use crate::{commands, hands, weather};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// The last operations that are told where something is wrong.
const TOLD: usize = 40;
/// Operations between two quiet moments, at least and at most.
const EPISODE: (usize, usize) = (30, 150);

/// How long a play goes on.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    Operations(usize),
    Seconds(u64),
}

/// What an episode is about: rare things meet often then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Anything,
    /// BIRD has bad days, and the service is never started anew.
    Bird,
    /// The service is killed again and again.
    Kills,
}

/// Episodes with one theme.
const THEME_EPISODES: usize = 4;
/// Peerings at a time, beside the bystander's; every fourth seed plays a POP that has hardly any,
/// and no bystander.
const PEERINGS_MAX: usize = 9;
const PEERINGS_FEW: usize = 2;

/// Everything that a play knows.
pub struct Play {
    pub stage: Stage,
    pub pop: Pop,
    pub bystander: Option<Bystander>,
    pub theme: Theme,
    pub peerings_max: usize,
    pub model: Model,
    pub weather: Weather,
    pub foreign: Foreign,
    pub seed: u64,
    /// Operations so far.
    pub number: usize,
    /// AS numbers whose rows somebody took out of the database for now.
    pub away: BTreeSet<u32>,
    /// The registry, or the zone, changed since the service was last seen to know it.
    pub registry_unknown: bool,
    pub zone_unknown: bool,
    /// The same of files of the operator's that define what ours define.
    pub collisions_unknown: bool,
    /// The least memory in kB and descriptors that the service had in a quiet moment.
    pub lightest: Option<(usize, usize)>,
    pub told: VecDeque<String>,
    journal: File,
    pub counts: BTreeMap<String, usize>,
    pub slowest: (Duration, String),
    /// How long quiet moments took, all together.
    pub waited: Duration,
    begun: Instant,
}

impl Play {
    pub fn begin(directory: &Path, seed: u64) -> Play {
        let stage = Stage::set(directory);
        let pop = Pop::start(&stage);
        let is_small = seed % 4 == 3;
        let bystander = (!is_small).then(|| Bystander::stand(&stage, &pop));
        let foreign = Foreign::make(&stage);
        let journal = File::create(stage.path("journal")).unwrap();
        Play {
            stage,
            pop,
            bystander,
            theme: Theme::Anything,
            peerings_max: if is_small { PEERINGS_FEW } else { PEERINGS_MAX },
            model: Model::default(),
            weather: Weather::new(),
            foreign,
            seed,
            number: 0,
            away: BTreeSet::new(),
            registry_unknown: false,
            zone_unknown: false,
            collisions_unknown: false,
            lightest: None,
            told: VecDeque::new(),
            journal,
            counts: BTreeMap::new(),
            slowest: (Duration::ZERO, String::new()),
            waited: Duration::ZERO,
            begun: Instant::now(),
        }
    }

    /// Plays until the limit, and ends with a quiet moment.
    pub fn run(&mut self, limit: Limit) {
        quiet::moment(self);
        let (mut next_quiet, mut episodes) = (self.number + EPISODE.0, 0);
        while !self.is_over(limit) {
            if self.number >= next_quiet {
                quiet::moment(self);
                episodes += 1;
                if episodes % THEME_EPISODES == 0 {
                    let themes = [Theme::Anything, Theme::Bird, Theme::Kills];
                    self.theme = Random::of(!self.seed, self.number).pick(&themes);
                    self.tell(&format!("theme: {:?}", self.theme));
                }
                let span = EPISODE.1 - EPISODE.0;
                next_quiet += EPISODE.0 + Random::of(self.seed, self.number).below(span);
            }
            self.step();
        }
        quiet::moment(self);
        self.pop.stop_service(&self.stage, Database::Free);
    }

    fn is_over(&self, limit: Limit) -> bool {
        match limit {
            Limit::Operations(most) => self.number >= most,
            Limit::Seconds(most) => self.begun.elapsed() > Duration::from_secs(most),
        }
    }

    /// Whatever the number of the operation draws.
    fn step(&mut self) {
        let mut random = Random::of(self.seed, self.number);
        if let Some(fault) = self.weather.due(self.number) {
            self.number += 1;
            return weather::mend(self, fault);
        }
        match random.below(100) {
            0..40 => commands::one(self, &mut random),
            40..58 => commands::several(self, &mut random),
            58..66 => commands::look(self, &mut random),
            66..80 => hands::one(self, &mut random),
            80..89 => weather::begin(self, &mut random),
            89..93 => weather::pass_by(self, &mut random),
            93..97 => commands::registry_or_names(self, &mut random),
            _ => self.foreign_hand(&mut random),
        }
    }

    /// The operator makes and removes files of their own.
    fn foreign_hand(&mut self, random: &mut Random) {
        let what = self.foreign.change(&self.stage, random);
        self.note("foreign", &what);
    }

    /// One more operation.
    pub fn note(&mut self, kind: &str, what: &str) {
        self.number += 1;
        *self.counts.entry(kind.to_owned()).or_default() += 1;
        self.tell(what);
    }

    /// Writes down what happened.
    pub fn tell(&mut self, what: &str) {
        let at_ms = self.begun.elapsed().as_millis();
        let line = format!("{:>6} {at_ms:>8} ms  {what}", self.number);
        let _ = writeln!(self.journal, "{line}");
        if self.told.len() == TOLD {
            self.told.pop_front();
        }
        self.told.push_back(line);
    }

    /// How long somebody was kept waiting.
    pub fn took(&mut self, time: Duration, what: &str) {
        if time > self.slowest.0 {
            self.slowest = (time, format!("{what} with {:?}", self.weather.names()));
        }
    }

    /// Is nothing wrong that is not peerling's own?
    pub fn is_calm(&self) -> bool {
        self.weather.is_calm()
    }

    /// In a line.
    pub fn summary(&self) -> String {
        let seconds = self.begun.elapsed().as_secs_f64();
        let counts: Vec<String> =
            self.counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        format!(
            "{} operations in {seconds:.0} s, {:.0} s of them quiet ({:.0}/s beside): {}; \
             slowest answer {} ms: {}",
            self.number,
            self.waited.as_secs_f64(),
            self.number as f64 / (seconds - self.waited.as_secs_f64()).max(1.0),
            counts.join(", "),
            self.slowest.0.as_millis(),
            self.slowest.1,
        )
    }
}
