package org.diffusionclassifier.convert;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import org.diffusionclassifier.checkpoint.Checkpoint;
import org.diffusionclassifier.checkpoint.ConvertedFile;
import org.diffusionclassifier.checkpoint.Layout.Part;
import org.diffusionclassifier.checkpoint.Layout;
import org.diffusionclassifier.checkpoint.Origin;
import org.diffusionclassifier.checkpoint.SourceHash;
import org.diffusionclassifier.checkpoint.TensorSpec;
import org.diffusionclassifier.safetensors.SafetensorsFile;
import org.diffusionclassifier.safetensors.SafetensorsWriter;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;

/**
 * Makes a {@link ConvertedFile} of a model in any form. A few megabytes are in memory at a time; the source's files are read
 * once for the weights and, on a second thread and at the same time, once for their hash.
 */
public final class Converter {

    /**
     * @param dtype    what weights become: F32, F16 or BF16
     * @param saturate whether values beyond the type's largest may become that; else they are refused
     * @param verify   whether to read the file back and compare it with the source, converted again
     * @param hash     whether the file says its source's SHA-256, which takes longer than all the rest
     */
    public record Options(DType dtype, boolean saturate, boolean verify, boolean hash) {

        /** With the hash. */
        public Options(DType dtype, boolean saturate, boolean verify) {
            this(dtype, saturate, verify, true);
        }

        public Options {
            if (dtype != DType.F32 && dtype != DType.F16 && dtype != DType.BF16) {
                throw new IllegalArgumentException("weights as " + dtype);
            }
        }
    }

    /** How many values of a tensor something is true of. */
    public record Count(String tensor, long values) {
    }

    /** Where something came from, and the hash of that by {@link SourceHash}. */
    public record Source(String name, String sha256) {
    }

    /**
     * @param sources    the model's and, where it came from elsewhere, its autoencoder's; none without hashes or for a
     *                   model of no files
     * @param parameters numbers in the file
     * @param bytes      its size
     * @param overflowed values that became the type's largest
     * @param notFinite  values that are NaN or infinite, as they are in the source
     */
    public record Outcome(List<Source> sources, int tensors, long parameters, long bytes, List<Count> overflowed,
                          List<Count> notFinite) {
    }

    /** A tensor and where it is read from. */
    private record Input(String name, TensorSpec tensor, Weights weights) {
    }

    private final Checkpoint checkpoint;
    private final Layout layout;
    private final Options options;
    private final Map<String, Origin> origins;
    private final Map<String, byte[]> tables = new LinkedHashMap<>();
    private final List<Input> inputs = new ArrayList<>();
    private final TensorEncoder encoder;
    private final List<Count> overflowed = new ArrayList<>();
    private final List<Count> notFinite = new ArrayList<>();

    /**
     * @param checkpoint has to stay open until {@link #write} is done
     * @param layout     what of it to write
     * @throws InputException if files that belong to it are missing or cannot be read
     */
    public Converter(Checkpoint checkpoint, Layout layout, Options options) {
        this.checkpoint = checkpoint;
        this.layout = layout;
        this.options = options;
        this.encoder = new TensorEncoder(options.dtype);
        this.origins = checkpoint.origins(layout);
        for (String tokenizer : layout.tokenizers()) {
            checkpoint.tokenizer(tokenizer).files().forEach((name, bytes) ->
                    tables.put(ConvertedFile.table(tokenizer, name), bytes));
        }
    }

    /** Numbers that {@link #write} makes. */
    public long parameters() {
        return layout.parameters();
    }

    /** Bytes that {@link #write} will report as done. */
    public long work() {
        return parameters() * options.dtype.bytes() * (options.verify ? 2 : 1);
    }

    /**
     * Writes the file: beside its final name first, under which it appears only once complete and checked.
     *
     * @param progress gets the number of bytes that were done since the last call
     * @throws InputException if a tensor is missing, has another shape or cannot be read, if values overflow and must
     *                        not, if the file cannot be written, or if it reads back otherwise
     */
    public Outcome write(Path file, LongConsumer progress) {
        requireRoom(file);
        var hashes = new LinkedHashMap<String, SourceHash>();
        try {
            inputs.clear();
            layout.parts().forEach(this::check);
            origins.forEach((key, origin) -> {
                if (options.hash && !origin.files().isEmpty()) {
                    hashes.put(key, new SourceHash(origin.files()));
                }
            });
            SafetensorsWriter writer = writer(hashes, progress);
            writer.write(file, complete -> {
                requireRange();
                if (options.verify) {
                    verify(complete, progress);
                }
            });
            List<Source> sources = hashes.entrySet().stream().map(hash ->
                    new Source(origins.get(hash.getKey()).name(), hash.getValue().await())).toList();
            return new Outcome(sources, inputs.size(), parameters(), Files.size(file), List.copyOf(overflowed),
                    List.copyOf(notFinite));
        } catch (IOException e) {
            throw InputException.unreadable(file, e);
        } finally {
            hashes.values().forEach(SourceHash::abandon);
        }
    }

    /** The shape of all a part's tensors, before anything is written. */
    private void check(Part part) {
        Weights weights = checkpoint.component(part.component()).weights();
        part.require(weights);
        part.tensors().forEach(tensor -> inputs.add(new Input(part.full(tensor), tensor, weights)));
    }

    private void requireRoom(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new InputException(file + ": expected a file to write in a folder that exists, found no " + folder);
        }
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new InputException(file + ": expected a file to write, found something else of that name");
        }
        try {
            for (Origin origin : origins.values()) {
                for (Path input : origin.files().values()) {
                    if (Files.exists(file) && Files.isSameFile(file, input)) {
                        throw new InputException(file + ": expected another file to write than what is read");
                    }
                }
            }
            long free = Files.getFileStore(folder).getUsableSpace();
            long bytes = parameters() * options.dtype.bytes();
            if (bytes > free) {
                throw new InputException(file + ": expected " + bytes + " bytes free in " + folder + ", found " + free);
            }
        } catch (IOException e) {
            throw InputException.unwritable(file, e);
        }
    }

    private String settings() {
        var settings = new LinkedHashMap<String, Object>();
        settings.put("format", ConvertedFile.FORMAT);
        settings.putAll(layout.configurations());
        try {
            return new ObjectMapper().writeValueAsString(settings);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private SafetensorsWriter writer(Map<String, SourceHash> hashes, LongConsumer progress) {
        var writer = new SafetensorsWriter();
        writer.metadata(ConvertedFile.KEY, settings());
        writer.metadata(SafetensorsFile.FILTERS, SafetensorsFile.CHANNELS_LAST);
        origins.forEach((key, origin) -> {
            writer.metadata(key, origin.name());
            if (hashes.containsKey(key)) {
                writer.lateMetadata(key + ConvertedFile.SHA256, SourceHash.LENGTH, hashes.get(key)::await);
            }
            origin.notes().forEach(writer::metadata);
        });
        for (Input input : inputs) {
            writer.tensor(input.name, options.dtype, input.tensor.channelsLast(), sink -> {
                encoder.encode(input.weights, input.tensor, bytes -> {
                    progress.accept(bytes.remaining());
                    sink.put(bytes);
                });
                note(overflowed, input.name, encoder.overflowed());
                note(notFinite, input.name, encoder.notFinite());
            });
        }
        tables.forEach((name, bytes) -> writer.bytes(name, List.of(bytes.length), bytes));
        return writer;
    }

    private static void note(List<Count> counts, String tensor, long values) {
        if (values > 0) {
            counts.add(new Count(tensor, values));
        }
    }

    private void requireRange() {
        if (!overflowed.isEmpty() && !options.saturate) {
            throw new InputException(origins.get(ConvertedFile.SOURCE).name() + ": expected weights within the range of "
                    + options.dtype + ", found beyond it " + overflowed.stream().limit(5)
                    .map(count -> count.values + " of " + count.tensor).collect(Collectors.joining(", "))
                    + (overflowed.size() > 5 ? " and of " + (overflowed.size() - 5) + " more tensors" : ""));
        }
    }

    private void verify(Path complete, LongConsumer progress) {
        try (var written = SafetensorsFile.open(complete)) {
            if (!settings().equals(written.metadata().get(ConvertedFile.KEY))) {
                throw new InputException(complete + ": " + ConvertedFile.KEY + ": expected what was written, found something "
                        + "else");
            }
            for (Input input : inputs) {
                compare(written, input, progress);
            }
            for (Map.Entry<String, byte[]> table : tables.entrySet()) {
                requireEqual(Arrays.equals(table.getValue(), written.readBytes(table.getKey())), complete,
                        table.getKey());
            }
        } catch (IOException e) {
            throw InputException.unreadable(complete, e);
        }
    }

    private void compare(SafetensorsFile written, Input input, LongConsumer progress) throws IOException {
        var at = new long[1];
        encoder.encode(input.weights, input.tensor, expected -> {
            var found = ByteBuffer.allocate(expected.remaining());
            written.readStored(input.name, at[0], found);
            at[0] += expected.remaining() / options.dtype.bytes();
            requireEqual(found.flip().equals(expected), Path.of(written.source()), input.name);
            progress.accept(expected.remaining());
        });
    }

    private static void requireEqual(boolean equal, Path file, String tensor) {
        if (!equal) {
            throw new InputException(file + ": tensor " + tensor + ": expected what was written, found something else");
        }
    }
}
