package org.diffusionclassifier.dataset.parquet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.diffusionclassifier.dataset.Dataset;
import org.diffusionclassifier.dataset.DatasetForm;
import org.diffusionclassifier.image.Turning;
import org.diffusionclassifier.tensor.InputException;

/** {@code parquet:PATH}: a file, or a folder with the shards of a split. */
public final class ParquetForm implements DatasetForm {

    @Override
    public String name() {
        return "parquet";
    }

    @Override
    public Dataset open(Path path, String split, Turning turning) {
        return withLibrary(() -> ParquetDataset.open(path, split, turning));
    }

    @Override
    public List<Path> files(Path path, String split) {
        return Shards.of(path, split);
    }

    @Override
    public void unpackPairs(Path path, String split, Path folder) throws IOException {
        try {
            withLibrary(() -> {
                try {
                    PairRows.unpack(Shards.of(path, split), folder);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                return folder;
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static <T> T withLibrary(Supplier<T> work) {
        try {
            return work.get();
        } catch (NoClassDefFoundError e) {
            throw new InputException("parquet: expected blue.strategic.parquet:parquet-floor on the class path, found "
                    + "no " + e.getMessage().replace('/', '.'), e);
        }
    }
}
