package org.diffusionclassifier;

import org.diffusionclassifier.device.DeviceException;
import org.diffusionclassifier.result.Attempt;
import org.diffusionclassifier.result.Outcome;
import org.diffusionclassifier.result.run.RunDirectory;

/** Keeps in a run what became of its images. */
final class RunWriter implements Workers.Receiver {

    private final RunDirectory run;
    private final Evaluation.Listener listener;
    private long correct;
    private int finished;

    RunWriter(RunDirectory run, Evaluation.Listener listener) {
        this.run = run;
        this.listener = listener;
        this.correct = run.outcomes().stream().filter(Outcome::correct).count();
        this.finished = run.outcomes().size();
    }

    @Override
    public void finished(String worker, Attempt attempt) {
        if (attempt.failure() == null) {
            run.append(attempt.result());
            listener.classified(attempt.result());
            listener.noted(attempt.notices());
            correct += attempt.result().outcome().correct() ? 1 : 0;
            finished++;
        } else {
            run.append(attempt.failure());
            listener.failed(attempt.failure());
        }
        listener.doneBy(worker);
        progressed();
    }

    @Override
    public void underWay(String howFar) {
        listener.underWay(howFar);
    }

    @Override
    public void lost(String worker, DeviceException failure) {
        listener.lost(worker, failure);
    }

    void progressed() {
        listener.progressed(correct, finished);
    }
}
