package org.diffusionclassifier.benchmark;

import java.nio.file.Path;
import java.util.List;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.Datasets;
import org.diffusionclassifier.dataset.MatchingExample;
import org.diffusionclassifier.dataset.published.CaptionChoice;
import org.diffusionclassifier.dataset.published.RefCoco;
import org.diffusionclassifier.tensor.InputException;

/**
 * A published benchmark.
 *
 * @param name    what it is asked for by
 * @param title   the data set's name
 * @param images  how many pictures, or examples, the first split has; 0 where it is not said
 * @param classes how many classes are told apart; 0 where none are
 * @param splits  the first is the default
 * @param layout  of the data set on disk
 * @param task    what is asked
 * @param figures what was published
 */
public record Benchmark(String name, String title, int images, int classes, List<String> splits, DataLayout layout,
        Task task, List<Figure> figures) {

    public Benchmark {
        splits = List.copyOf(splits);
        figures = List.copyOf(figures);
    }

    /**
     * A split by name.
     *
     * @param asked null for the default
     * @throws InputException for one that the benchmark has not
     */
    public String split(String asked) {
        if (asked != null && !splits.contains(asked)) {
            throw InputException.of("%s: expected %s, found %s", InputException.field("split"),
                    String.join(", ", splits), InputException.quoted(asked));
        }
        return asked == null ? splits.get(0) : asked;
    }

    /**
     * Opens the pictures of a classification: as published, or in the Parquet files of the Hugging Face hub. The data
     * set is the caller's to close.
     *
     * @return labels are indices of the benchmark's classes, without names
     * @throws InputException if there are none, or files are wrong
     */
    public Dataset open(Task.ClassTask classification, Path data, String split) {
        Path parquet = PublishedPictures.parquet(layout, data);
        Dataset pictures = parquet != null ? Datasets.parquetAsStored(parquet, split)
                : classification.opening().open(layout, place(data), split);
        return Indexed.of(pictures, classification.keys(), classification.captions().get());
    }

    /**
     * Reads the examples of a matching: as published, or in the Parquet files of the Hugging Face hub, whose pictures
     * are unpacked first.
     *
     * @throws InputException if there are none, or files are wrong
     */
    public List<MatchingExample> open(Task.MatchTask matching, Path data, String split) {
        Path parquet = PublishedPictures.parquet(layout, data);
        return matching.read(parquet != null ? Datasets.parquetPairs(parquet, split) : folder(data));
    }

    /** Reads the pictures of a choosing. @throws InputException if there are none, or files are wrong */
    public List<CaptionChoice> open(Task.ChoiceTask choosing, Path data) {
        return choosing.reader().apply(folder(data));
    }

    /** Reads the examples of a referring. @throws InputException if there are none, or files are wrong */
    public RefCoco open(Task.ReferTask referring, Path data, String split) {
        return referring.read(folder(data), split);
    }

    /** What the user should know of where examples are read from; most often nothing. @throws InputException as open */
    public List<String> notices(Path data, String split) {
        Path parquet = task instanceof Task.MatchTask ? PublishedPictures.parquet(layout, data) : null;
        return parquet == null ? layout.notices(data)
                : List.of(parquet + " is read from " + Datasets.parquetPairs(parquet, split)
                        + ", into which it has been unpacked: delete that when it is no longer needed");
    }

    private Path folder(Path data) {
        return layout.within(place(data));
    }

    private Path place(Path data) {
        return layout.find(title, DataDownload.isPossible(name), data);
    }

    /** Whether the data set, or an archive of it, is there. */
    boolean isIn(Path data) {
        return PublishedPictures.parquet(layout, data) != null || layout.isIn(data);
    }

    /** The figures of a split that a model of this kind reached, or that are listed without one. */
    public List<Figure> figures(boolean byLabels, String split) {
        return figures.stream()
                .filter(figure -> (figure.split() == null ? splits.get(0) : figure.split()).equals(split))
                .filter(figure -> figure.model() == null || figure.model().startsWith("DiT") == byLabels).toList();
    }
}
