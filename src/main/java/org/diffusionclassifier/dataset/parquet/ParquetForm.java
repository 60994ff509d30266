package org.diffusionclassifier.dataset.parquet;

import java.nio.file.Path;
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
        try {
            return ParquetDataset.open(path, split, turning);
        } catch (NoClassDefFoundError e) {
            throw new InputException("parquet: expected blue.strategic.parquet:parquet-floor on the class path, found "
                    + "no " + e.getMessage().replace('/', '.'), e);
        }
    }
}
