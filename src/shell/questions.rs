//! Questions and what stands in the way of an answer: at a terminal the member is asked, and asked
//! again where an answer was wrong; a script is told which flag is missing.

use super::complete::{self, Completion};
use super::line::Recall;
use super::{Doing, Job, Output, Session, Start, import};
use crate::answer::{self, ExitStatus, Question, Shown, Stop, refusal_json};
use crate::command::{Field, Format, Request};
use crate::model::Refusal;
use crate::peering::pasted::{self, Pasted};

impl Session {
    /// A line that answers a question; an empty one takes the suggestion.
    pub(super) fn answer(
        &mut self,
        mut job: Box<Job>,
        question: Question,
        text: &str,
        output: &mut Output,
    ) {
        let request = &mut job.request;
        match pasted::read(text).filter(|_| request.takes_sections(question.field)) {
            Some(Ok(pasted)) => self.take(pasted, request, output),
            Some(Err(refusal)) => self.refuse(&refusal, output),
            None => {
                let answer = match (pasted::bare(text), &question.suggestion) {
                    ("", Some(suggestion)) => suggestion.clone(),
                    ("", None) if question.field != Field::Confirm => {
                        return self.ask(job, question, output);
                    }
                    (text, _) => text.to_string(),
                };
                request.answers.insert(question.field, answer);
            }
        }
        self.doing = Doing::Running(job);
    }

    /// A piece of a WireGuard file stands for the answers in it; what was taken is told.
    fn take(&mut self, pasted: Pasted, request: &mut Request, output: &mut Output) {
        let Pasted { private_key, other_end, .. } = pasted;
        let found = [
            ("public key", Field::WgPubKey, pasted.public_key),
            ("endpoint", Field::EndpointAddr, pasted.endpoint),
            ("port", Field::EndpointPort, pasted.port),
            ("link-local address", Field::LinkLocal, pasted.link_local),
            ("MTU", Field::Mtu, pasted.mtu),
            ("preshared key", Field::Psk, pasted.preshared_key),
        ];
        let mut names = Vec::new();
        for (name, field, value) in found {
            let Some(value) = value else { continue };
            // An endpoint has its port with it.
            if field == Field::EndpointAddr {
                request.answers.remove(&Field::EndpointPort);
            }
            if field == Field::EndpointPort && names.contains(&"endpoint") {
                continue;
            }
            request.answers.insert(field, value);
            names.push(name);
        }
        self.say(&answer::pasted(&names, private_key, other_end), output);
    }

    pub(super) fn stopped(&mut self, stop: Stop, mut job: Box<Job>, output: &mut Output) {
        let format = job.request.format;
        let asking = self.terminal && format == Format::Text;
        match stop {
            Stop::Ask(question) if asking => self.ask(job, question, output),
            Stop::Ask(Question { field, unasked: Some(answer), .. }) => {
                job.request.answers.insert(field, answer);
                self.doing = Doing::Running(job);
            }
            Stop::Ask(question) => self.fail(&missing(&question), format, output),
            Stop::Refused(refusal, Some(field)) if asking && job.request.asks_again(field) => {
                self.refuse(&refusal, output);
                job.request.answers.remove(&field);
                if field == Field::WgPubKey {
                    // Said of the key that was refused, and of no other.
                    job.request.answers.remove(&Field::KeyIsPublic);
                }
                self.doing = Doing::Running(job);
            }
            Stop::Refused(refusal, _) => self.fail(&refusal, format, output),
            Stop::Fault(words) => {
                self.fail(&Refusal::new("fault", words, ""), format, output);
                self.status = ExitStatus::Fault;
            }
        }
    }

    /// Why a request that reads its answers from standard input cannot do so here. Only a single
    /// command has standard input to itself: at a prompt it is what is typed, and in a script the
    /// next commands.
    pub(super) fn unimportable(&self, request: &Request) -> Option<Refusal> {
        if !request.from_input || (!self.terminal && self.start != Start::Shell) {
            return None;
        }
        let message = "--from - reads standard input, which is something else here";
        let hint = "From your own shell: ssh pop peer_export | ssh sister peer_create --from -";
        Some(Refusal::usage(message, hint))
    }

    /// Goes on with what came on standard input.
    pub(super) fn import(&mut self, output: &mut Output) {
        let Doing::Importing(mut request, input) = std::mem::take(&mut self.doing) else { return };
        let spec = request.command.spec();
        match import::read(&input, spec, &mut request) {
            Ok(()) => self.doing = Doing::Running(Job::new(*request)),
            Err(refusal) => self.fail(&refusal, request.format, output),
        }
    }

    /// Says why nothing was done.
    pub(super) fn fail(&mut self, refusal: &Refusal, format: Format, output: &mut Output) {
        if format == Format::Json {
            self.status = ExitStatus::of_refusal(refusal);
            self.print_json(&refusal_json(refusal), output);
        } else {
            self.refuse(refusal, output);
        }
    }

    /// What Tab brings: words of a command, or of an answer.
    pub(super) fn completion(&self, before: &str) -> Completion {
        match &self.doing {
            Doing::Asking(job, question) => {
                complete::answer(before, question, &job.request.command, &self.vocabulary)
            }
            _ => complete::command(before, &self.vocabulary),
        }
    }

    /// Nobody will answer what stands at the prompt. A single command ends as where nobody can be
    /// asked, and says what it lacks.
    pub(super) fn unanswered(
        &mut self,
        request: &Request,
        question: &Question,
        output: &mut Output,
    ) {
        if self.start == Start::Shell {
            self.leave(output);
        } else {
            self.fail(&missing(question), request.format, output);
        }
    }

    fn ask(&mut self, mut job: Box<Job>, question: Question, output: &mut Output) {
        let prompt = match question.suggestion.as_deref() {
            None | Some("") => format!("{}: ", question.prompt),
            Some(suggestion) => format!("{} [{suggestion}]: ", question.prompt),
        };
        if let Some(shown) = question.shown.as_deref()
            && is_news(shown, job.shown.as_ref())
        {
            self.say(&shown.text(self.screen), output);
            job.shown = Some(shown.clone());
        }
        self.doing = Doing::Asking(job, Box::new(question));
        self.line.prompt(&prompt, Recall::Nothing, &mut output.out);
    }
}

/// What a POP takes is told once; what would be made or changed, as often as it is something else.
fn is_news(shown: &Shown, before: Option<&Shown>) -> bool {
    match shown {
        Shown::Limits(_) => before.is_none(),
        _ => before != Some(shown),
    }
}

fn missing(question: &Question) -> Refusal {
    let flag = question.field.flag();
    let message = format!("{flag} is missing");
    Refusal::usage(message, format!("It answers: {}", question.prompt))
}
