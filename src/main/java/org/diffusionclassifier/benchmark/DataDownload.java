package org.diffusionclassifier.benchmark;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import org.diffusionclassifier.download.PublicFile;
import org.diffusionclassifier.download.Retries;
import org.diffusionclassifier.file.CsvTable;
import org.diffusionclassifier.tensor.InputException;

/**
 * Fetches a data set that anyone may have. {@code downloads.csv} has the files of each: where they come from, and their
 * sizes and SHA-256 as TensorFlow Datasets lists them ({@code checksums.tsv}, {@code url_checksums}); of Aircraft and
 * EuroSAT the MD5, EuroSAT's as in torchvision. Archives are not unpacked, but read as they are.
 */
public final class DataDownload {

    private static final List<CsvTable.Row> ROWS = CsvTable.resource(DataDownload.class, "downloads.csv").rows();

    private final Path data;
    private final List<Part> missing;
    private final Retries retries;
    private final String terms;

    /**
     * A file of a data set.
     *
     * @param file where it goes, from the folder of data sets
     */
    record Part(PublicFile source, String file) {

        boolean isIn(Path data) {
            return Files.exists(data.resolve(file));
        }

        private static Part of(CsvTable.Row row) {
            return new Part(new PublicFile(URI.create(row.get("address")), Long.parseLong(row.get("bytes")),
                    row.get("hash")), row.get("file"));
        }
    }

    DataDownload(Benchmark benchmark, Path data, List<Part> parts, Retries retries) {
        this.data = data;
        this.retries = retries;
        // Of a data set that came here by itself, perhaps in another layout, nothing is fetched.
        boolean own = parts.stream().noneMatch(part -> part.isIn(data)) && benchmark.isIn(data);
        this.missing = own ? List.of() : parts.stream().filter(part -> !part.isIn(data)).toList();
        this.terms = String.format(Locale.ROOT, "%s: %,d bytes from %s (%s)", benchmark.title(), bytes(),
                missing.stream().map(part -> part.source().address().getHost()).distinct()
                        .collect(Collectors.joining(", ")), benchmark.layout().licence());
    }

    /**
     * What is missing of a data set.
     *
     * @param data the folder that holds it, or is to hold it
     * @throws InputException if the data set has to be asked for, or there is no address to fetch it from
     */
    public static DataDownload of(Benchmark benchmark, Path data) {
        List<Part> parts = parts(benchmark.name());
        if (parts.isEmpty()) {
            throw InputException.of("%s: %s has to be asked for, or to be fetched by hand, at %s (%s)",
                    InputException.field("download"), benchmark.title(), benchmark.layout().page(),
                    benchmark.layout().licence());
        }
        return new DataDownload(benchmark, data, parts, Retries.FIVE);
    }

    /** Whether a data set can be fetched. */
    static boolean isPossible(String benchmark) {
        return ROWS.stream().anyMatch(row -> row.get("benchmark").equals(benchmark));
    }

    static List<Part> parts(String benchmark) {
        return ROWS.stream().filter(row -> row.get("benchmark").equals(benchmark)).map(Part::of).toList();
    }

    /** Of all files that are not there; 0 if nothing is missing. */
    public long bytes() {
        return missing.stream().mapToLong(part -> part.source().bytes()).sum();
    }

    /** For people: how much comes from where, and its licence. */
    public String terms() {
        return terms;
    }

    /**
     * Fetches what is missing. A file has its name when it is whole and has the published hash; until then what has
     * arrived is beside it as {@code .part}, from which a second start goes on.
     *
     * @param arrived hears of bytes, {@link #bytes()} in all; of fewer than 0 where some have to come again
     * @throws InputException if a file is refused, breaks too often, is not what was published, or cannot be written
     */
    public void run(LongConsumer arrived) {
        try {
            Files.createDirectories(data);
            requireSpace();
            for (Part part : missing) {
                Path target = data.resolve(part.file());
                Files.createDirectories(target.getParent());
                part.source().fetch(partial(part), target, retries, arrived);
            }
        } catch (IOException e) {
            throw InputException.unwritable(data, e);
        }
    }

    private void requireSpace() throws IOException {
        long needed = 0;
        for (Part part : missing) {
            Path partial = partial(part);
            needed += part.source().bytes() - (Files.exists(partial) ? Files.size(partial) : 0);
        }
        long free = Files.getFileStore(data).getUsableSpace();
        if (needed > free) {
            throw new InputException(data + ": expected " + needed + " bytes free, found " + free);
        }
    }

    private Path partial(Part part) {
        return data.resolve(part.file() + ".part");
    }
}
