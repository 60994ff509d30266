package org.diffusionclassifier.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Listed;

/**
 * Those files of a repository that a model is read from, and nothing else. Repositories hold the same weights several
 * times: as safetensors and as pickles, in two precisions, averaged and not, for other frameworks, as one file and as a
 * folder for each component.
 *
 * @param files what to pull
 */
public record Selection(List<RemoteFile> files) {

    private static final String MODEL_INDEX = "model_index.json";
    private static final String SCHEDULER = "scheduler/scheduler_config.json";
    private static final String CONFIG = "config.json";
    private static final List<String> NETWORKS = List.of("unet", "transformer", "vae");
    private static final Pattern TEXT_ENCODER = Pattern.compile("text_encoder(_\\d)?");
    private static final Pattern TOKENIZER = Pattern.compile("tokenizer(_\\d)?");
    private static final Set<String> TOKENIZER_FILES = Set.of("vocab.json", "merges.txt", "tokenizer.json",
            "spiece.model", "special_tokens_map.json", "tokenizer_config.json", "added_tokens.json");
    private static final Pattern SINGLE_FILE = Pattern.compile(".+\\.(?:safetensors|ckpt|pt|pth)");

    /** Which weights to take where a repository has both. The other are taken where it has these alone. */
    public enum Precision {
        /** As they are without a variant: of most models, float32. */
        FULL,
        /** The variant {@code fp16}: half the size. */
        FP16
    }

    public Selection {
        files = List.copyOf(files);
    }

    /** The sum of the files' sizes; those that the Hub did not say are not in it. */
    public long bytes() {
        return files.stream().mapToLong(file -> Math.max(0, file.size())).sum();
    }

    /** Whether it is a model in diffusers' form: its index, and what that lists. */
    public boolean isDirectory() {
        return files.size() > 1 && files.stream().anyMatch(file -> file.path().equals(MODEL_INDEX));
    }

    /**
     * A model: of a repository in diffusers' form its components, of another its only single file.
     *
     * @throws InputException if it is neither, lacks weights, or has several single files
     */
    public static Selection model(RemoteRepository repository, Precision precision) {
        return repository.file(MODEL_INDEX).isPresent() ? diffusers(repository, precision) : onlyFile(repository);
    }

    /**
     * One file, by its path.
     *
     * @throws InputException if there is none
     */
    public static Selection file(RemoteRepository repository, String path) {
        return new Selection(List.of(repository.file(path).orElseThrow(() -> new InputException(repository.name()
                + ": no file " + InputException.quoted(path) + ", found " + listing(candidates(repository))))));
    }

    /**
     * A tokenizer, for a model whose single file has none.
     *
     * @param folder in which it is; empty for the repository's root
     * @throws InputException if there is none
     */
    public static Selection tokenizer(RemoteRepository repository, String folder) {
        var files = tokenizerFiles(repository, folder).toList();
        if (files.isEmpty()) {
            throw new InputException(repository.name() + ": no tokenizer in "
                    + (folder.isEmpty() ? "its root" : folder));
        }
        return new Selection(files);
    }

    private static Stream<RemoteFile> tokenizerFiles(RemoteRepository repository, String folder) {
        return repository.files().stream().filter(file -> file.folder().equals(folder)
                && TOKENIZER_FILES.contains(file.name()));
    }

    private static Selection diffusers(RemoteRepository repository, Precision precision) {
        var files = new ArrayList<RemoteFile>();
        files.add(repository.file(MODEL_INDEX).orElseThrow());
        repository.file(SCHEDULER).ifPresent(files::add);
        for (String folder : repository.files().stream().map(RemoteFile::folder).distinct().sorted().toList()) {
            boolean text = TEXT_ENCODER.matcher(folder).matches();
            if (TOKENIZER.matcher(folder).matches()) {
                tokenizerFiles(repository, folder).forEach(files::add);
            } else if (text || NETWORKS.contains(folder)) {
                repository.file(folder + "/" + CONFIG).ifPresent(files::add);
                files.addAll(weights(repository, folder, text, precision));
            }
        }
        return new Selection(files);
    }

    /** Safetensors before pickles, then the variant that is wanted, then one file before shards. */
    private static List<RemoteFile> weights(RemoteRepository repository, String folder, boolean text,
                                            Precision precision) {
        String safetensors = text ? "model" : "diffusion_pytorch_model";
        String pickle = text ? "pytorch_model" : "diffusion_pytorch_model";
        var variants = precision == Precision.FP16 ? List.of(".fp16", "") : List.of("", ".fp16");
        return Stream.of(new Form(safetensors, ".safetensors"), new Form(pickle, ".bin"))
                .flatMap(form -> variants.stream().map(variant -> form.files(repository, folder, variant)))
                .flatMap(Optional::stream).findFirst().orElseThrow(() -> new InputException(repository.name() + ": "
                        + folder + ": no " + safetensors + ".safetensors or " + pickle + ".bin, nor a fp16 variant or "
                        + "shards of these"));
    }

    /** How the files of a component's weights are called: {@code diffusion_pytorch_model}, {@code .safetensors}. */
    private record Form(String stem, String suffix) {

        /** One file, or an index and its shards; the variant is before the suffix, in an index before {@code .json}. */
        Optional<List<RemoteFile>> files(RemoteRepository repository, String folder, String variant) {
            Optional<RemoteFile> whole = repository.file(folder + "/" + stem + variant + suffix);
            if (whole.isPresent()) {
                return whole.map(List::of);
            }
            Optional<RemoteFile> index = Stream.of(stem + suffix + ".index" + variant + ".json",
                            stem + variant + suffix + ".index.json")
                    .map(name -> repository.file(folder + "/" + name)).flatMap(Optional::stream).findFirst();
            Pattern shard = Pattern.compile(Pattern.quote(stem) + "(?:" + Pattern.quote(variant)
                    + "-\\d{5}-of-\\d{5}|-\\d{5}-of-\\d{5}" + Pattern.quote(variant) + ")" + Pattern.quote(suffix));
            List<RemoteFile> shards = repository.files().stream().filter(file -> file.folder().equals(folder)
                    && shard.matcher(file.name()).matches()).toList();
            return index.filter(found -> !shards.isEmpty())
                    .map(found -> Stream.concat(Stream.of(found), shards.stream()).toList());
        }
    }

    private static Selection onlyFile(RemoteRepository repository) {
        List<RemoteFile> candidates = candidates(repository);
        if (candidates.size() != 1) {
            throw new InputException(repository.name() + ": expected " + MODEL_INDEX + " or one file of weights, found "
                    + listing(candidates) + (candidates.isEmpty() ? "" : "; say which"));
        }
        return new Selection(candidates);
    }

    /** Files that may each be a model; a pickle is none beside the same as safetensors. */
    private static List<RemoteFile> candidates(RemoteRepository repository) {
        return repository.files().stream().filter(file -> SINGLE_FILE.matcher(file.path()).matches())
                .filter(file -> file.path().endsWith(".safetensors") || repository.file(
                        file.path().replaceFirst("\\.[^.]+$", ".safetensors")).isEmpty())
                .toList();
    }

    private static String listing(List<RemoteFile> files) {
        return files.isEmpty() ? "none" : Listed.of(files.stream().map(RemoteFile::path).toList());
    }
}
