package org.diffusionclassifier.cli;

import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.diffusionclassifier.Classifier;
import org.diffusionclassifier.Evaluation;
import org.diffusionclassifier.catalog.ModelNames;
import org.diffusionclassifier.tensor.InputException;

/**
 * The evaluation that a command line of {@code evaluate} asks for, opened on another machine than the one that the
 * command was given on, to do some of its images, or shares of them. It writes nothing.
 */
public final class EvaluateElsewhere implements AutoCloseable {

    private final EvaluateCommand.Asked asked;
    private final Evaluation evaluation;
    private final Classifier classifier;

    private EvaluateElsewhere(EvaluateCommand.Asked asked) {
        this.asked = asked;
        this.evaluation = asked.evaluation();
        this.classifier = asked.classifier();
    }

    /**
     * Opens the dataset, the model and the device.
     *
     * @param words  the whole command line, from {@code evaluate} on
     * @param base   what relative paths are relative to
     * @param device gets the device as the user named it, and says what it is here
     * @param model  gets the model likewise; null stands for the bundled one
     * @throws InputException as the command
     */
    public static EvaluateElsewhere open(List<String> words, Path base, UnaryOperator<String> device,
            UnaryOperator<String> model) {
        var names = new ModelNames(base, Map.copyOf(System.getenv()), Path.of(System.getProperty("user.home")));
        var nowhere = new PrintWriter(OutputStream.nullOutputStream());
        EvaluateCommand command = Main.evaluate(names, nowhere, nowhere, words);
        var opened = new EvaluateElsewhere(command.open(device, model));
        try {
            opened.evaluation.check(opened.classifier);
            opened.classifier.load();
            return opened;
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    /** A message of a failure with the names of options. */
    public static String message(InputException e) {
        return e.message(Main::flag);
    }

    public Evaluation evaluation() {
        return evaluation;
    }

    public Classifier classifier() {
        return classifier;
    }

    @Override
    public void close() {
        classifier.close();
        asked.close();
    }
}
