package org.diffusionclassifier.hub;

import org.diffusionclassifier.download.HttpAnswer;
import org.diffusionclassifier.tensor.InputException;

/**
 * What the Hub's refusals mean to a user, in a line: what is not there, what needs a token, what has terms to accept.
 * It says so in {@code X-Error-Code} (huggingface_hub, utils/_http.py). To those without a token a private repository
 * and a missing one look the same: status 401.
 */
record Refusals(HubSettings settings) {

    InputException of(HttpAnswer answer, Subject subject) {
        int status = answer.status();
        String code = answer.header("X-Error-Code").orElse("");
        return new InputException(switch (code) {
            case "GatedRepo" -> subject.name() + ": gated: accept its terms at " + page(subject) + ", then "
                    + (settings.token().isPresent() ? "pull with the token of the account that did"
                            : "set HF_TOKEN to a token of that account");
            case "RevisionNotFound" -> subject.name() + ": no revision " + subject.revision() + " at "
                    + settings.endpoint();
            case "EntryNotFound" -> subject.name() + ": no file " + subject.file() + " in revision "
                    + subject.revision();
            default -> status == 401 || status == 404 || code.equals("RepoNotFound") ? missing(subject)
                    : subject + ": refused by " + settings.endpoint() + " with status " + status
                            + answer.header("X-Error-Message").map(InputException::quoted)
                                    .map(message -> ", which says " + message).orElse("");
        });
    }

    private String missing(Subject subject) {
        return subject.name() + ": no such model at " + settings.endpoint() + ", or a private one: "
                + (settings.token().isPresent() ? "the token in HF_TOKEN or in its file gives no access to it"
                        : "for that, set HF_TOKEN to a token that may read it");
    }

    private String page(Subject subject) {
        return settings.endpoint() + "/" + subject.name();
    }
}
