//! Questions and what stands in the way of an answer: at a terminal the member is asked, and asked
//! again where an answer was wrong; a script is told which flag is missing.

use super::complete::{self, Completion};
use super::line::Recall;
use super::{Output, Session, Start, Todo, import};
use crate::answer::{self, ExitStatus, Question, Shown, Stop, refusal_json};
use crate::command::{Command, Field, Format, Request};
use crate::limits::IMPORT_BYTES_MAX;
use crate::model::Refusal;
use crate::peering::pasted::{self, Pasted};

impl Session {
    /// A line that answers a question; an empty one takes the suggestion.
    pub(super) fn answer(&mut self, question: Question, text: &str, output: &mut Output) {
        let Some(mut request) = self.request.take() else {
            return self.rest(output);
        };
        match pasted::read(text).filter(|_| takes_sections(&request, question.field)) {
            Some(Ok(pasted)) => self.take(pasted, &mut request, output),
            Some(Err(refusal)) => self.refuse(&refusal, output),
            None => match (pasted::bare(text), &question.suggestion) {
                ("", Some(suggestion)) => {
                    drop(request.answers.insert(question.field, suggestion.clone()));
                }
                ("", None) if question.field != Field::Confirm => {
                    self.request = Some(request);
                    return self.ask(question, output);
                }
                (text, _) => drop(request.answers.insert(question.field, text.to_string())),
            },
        }
        self.todo = Some(Todo::Run(request));
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

    pub(super) fn stopped(&mut self, stop: Stop, request: Option<Request>, output: &mut Output) {
        let asking = self.terminal && request.as_ref().is_some_and(|it| it.format == Format::Text);
        match (stop, request) {
            (Stop::Ask(question), Some(request)) if asking => {
                self.request = Some(request);
                self.ask(question, output);
            }
            (Stop::Ask(Question { field, unasked: Some(answer), .. }), Some(mut request)) => {
                request.answers.insert(field, answer);
                self.todo = Some(Todo::Run(request));
            }
            (Stop::Ask(question), request) => self.fail(missing(&question), request, output),
            (Stop::Refused(refusal, Some(field)), Some(mut request))
                if asking && can_ask_again(&request, field) =>
            {
                self.refuse(&refusal, output);
                request.answers.remove(&field);
                if field == Field::WgPubKey {
                    // Said of the key that was refused, and of no other.
                    request.answers.remove(&Field::KeyIsPublic);
                }
                self.todo = Some(Todo::Run(request));
            }
            (Stop::Refused(refusal, _), request) => self.fail(refusal, request, output),
            (Stop::Fault(words), request) => {
                self.fail(Refusal::new("fault", words, ""), request, output);
                self.status = ExitStatus::Fault.code();
            }
        }
    }

    /// Only a single command has standard input to itself: at a prompt it is what is typed, and in
    /// a script the next commands.
    pub(super) fn begin_import(&mut self, request: Request, output: &mut Output) {
        if self.terminal || self.start == Start::Shell {
            let words = "--from - reads standard input, which is something else here";
            let hint = "From your own shell: ssh pop peer_export | ssh sister peer_create --from -";
            return self.fail(Refusal::new("usage", words, hint), Some(request), output);
        }
        self.todo = None;
        self.importing = Some(request);
    }

    /// Goes on with what came on standard input; `false`: there may be more.
    pub(super) fn import(&mut self, mut request: Request, output: &mut Output) -> bool {
        if !self.ended && self.typed.len() <= IMPORT_BYTES_MAX {
            self.importing = Some(request);
            return false;
        }
        let input = std::mem::take(&mut self.typed);
        let spec = request.command.spec();
        match import::read(&input, spec, &mut request) {
            Ok(()) => self.todo = Some(Todo::Run(request)),
            Err(refusal) => self.fail(refusal, Some(request), output),
        }
        true
    }

    fn fail(&mut self, refusal: Refusal, request: Option<Request>, output: &mut Output) {
        if request.is_some_and(|it| it.format == Format::Json) {
            self.status = ExitStatus::of_refusal(&refusal).code();
            self.print_json(&refusal_json(&refusal), output);
        } else {
            self.refuse(&refusal, output);
        }
        self.rest(output);
    }

    /// What Tab brings: words of a command, or of an answer.
    pub(super) fn completion(&self, before: &str) -> Completion {
        match (&self.question, &self.request) {
            (Some(question), Some(request)) => {
                complete::answer(before, question, &request.command, &self.vocabulary)
            }
            _ => complete::command(before, &self.vocabulary),
        }
    }

    /// Nobody will answer what stands at the prompt. A single command ends as where nobody can be
    /// asked, and says what it lacks.
    pub(super) fn unanswered(&mut self, output: &mut Output) {
        let (question, request) = (self.question.take(), self.request.take());
        match question {
            Some(question) if self.start != Start::Shell => {
                self.fail(missing(&question), request, output);
            }
            _ => self.finish(output),
        }
    }

    fn ask(&mut self, question: Question, output: &mut Output) {
        let prompt = match question.suggestion.as_deref() {
            None | Some("") => format!("{}: ", question.prompt),
            Some(suggestion) => format!("{} [{suggestion}]: ", question.prompt),
        };
        if let Some(shown) = question.shown.as_deref().filter(|it| self.is_news(it)) {
            self.say(&shown.text(self.screen), output);
            self.shown = Some(shown.clone());
        }
        self.question = Some(question);
        self.line.prompt(&prompt, Recall::Nothing, &mut output.out);
    }

    /// What a POP takes is told once; what would be made or changed, as often as it is something
    /// else.
    fn is_news(&self, shown: &Shown) -> bool {
        match (shown, &self.shown) {
            (Shown::Limits(_), before) => before.is_none(),
            (shown, before) => before.as_ref() != Some(shown),
        }
    }
}

/// The questions about a peering's two ends; a confirmation is no place for a paste.
fn takes_sections(request: &Request, field: Field) -> bool {
    let form = matches!(request.command, Command::PeerCreate | Command::PeerEdit);
    form && !matches!(field, Field::Confirm | Field::KeyIsPublic)
}

/// A wrong answer is asked again at a prompt, but only where there is a conversation.
fn can_ask_again(request: &Request, field: Field) -> bool {
    let asks = matches!(request.command, Command::PeerCreate | Command::Intro)
        || (request.command == Command::PeerEdit && request.form);
    asks && request.answers.contains_key(&field)
}

fn missing(question: &Question) -> Refusal {
    let flag = question.field.flag();
    let message = format!("{flag} is missing");
    Refusal::new("usage", message, format!("It answers: {}", question.prompt))
}
