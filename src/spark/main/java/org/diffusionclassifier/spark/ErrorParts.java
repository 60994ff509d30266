package org.diffusionclassifier.spark;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.diffusionclassifier.file.Sha256;
import org.diffusionclassifier.score.PairRange;
import org.diffusionclassifier.score.Round;
import org.diffusionclassifier.score.Trial;
import org.diffusionclassifier.tensor.InputException;

/**
 * The errors of an image that tasks share: a file for each range of a round's pairs, of float32, big-endian, prompt by
 * prompt within each trial. A file is named by what its round is, so that nobody has to say which round is whose; a
 * round is whole once files cover it, however it was divided. It knows the files that are there when it is made.
 */
final class ErrorParts {

    private static final Pattern NAME = Pattern.compile("([0-9a-f]{16})-(\\d+)-(\\d+)\\.errors");

    private final Path folder;
    private final int batchSize;
    private final Map<String, List<PairRange>> ranges = new HashMap<>();

    /**
     * @param folder    of the image; need not be there
     * @param batchSize that errors were evaluated with
     */
    ErrorParts(Path folder, int batchSize) {
        this.folder = folder;
        this.batchSize = batchSize;
        for (Path file : Parts.files(folder)) {
            Matcher name = NAME.matcher(file.getFileName().toString());
            if (name.matches()) {
                ranges.computeIfAbsent(name.group(1), anew -> new ArrayList<>())
                        .add(new PairRange(Integer.parseInt(name.group(2)), Integer.parseInt(name.group(3))));
            }
        }
    }

    int batchSize() {
        return batchSize;
    }

    private String digest(Round round) {
        var digest = new Sha256();
        digest.add(batchSize, round.trials().size());
        for (Trial trial : round.trials()) {
            digest.add(trial.timestep(), trial.noiseIndex());
        }
        digest.add(round.prompts().toArray());
        return digest.hex().substring(0, 16);
    }

    private Path file(String digest, PairRange range) {
        return folder.resolve(digest + "-" + range.from() + "-" + range.to() + ".errors");
    }

    /** @param round of one pair at least */
    List<PairRange> missing(Round round) {
        return new PairRange(0, round.pairs()).without(ranges.getOrDefault(digest(round), List.of()));
    }

    /** errors[i][j] of a round's i-th trial and j-th prompt; empty unless they are all there. */
    Optional<float[][]> read(Round round) {
        if (ranges.isEmpty() || round.pairs() == 0 || !missing(round).isEmpty()) {
            return Optional.empty();
        }
        int across = round.prompts().size();
        var errors = new float[round.trials().size()][across];
        String digest = digest(round);
        for (PairRange range : ranges.get(digest)) {
            Path file = file(digest, range);
            try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 16))) {
                for (int pair = range.from(); pair < range.to(); pair++) {
                    errors[pair / across][pair % across] = in.readFloat();
                }
            } catch (IOException e) {
                throw InputException.unreadable(file, e);
            }
        }
        return Optional.of(errors);
    }

    /** Writes the errors of a range, or replaces them. @param errors of each of its pairs */
    void write(Round round, PairRange range, float[] errors) {
        Parts.write(file(digest(round), range), to -> {
            var out = new DataOutputStream(new BufferedOutputStream(to, 1 << 16));
            for (float error : errors) {
                out.writeFloat(error);
            }
            out.flush();
        });
    }
}
