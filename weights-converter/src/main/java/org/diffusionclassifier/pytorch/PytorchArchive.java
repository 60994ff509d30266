package org.diffusionclassifier.pytorch;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.diffusionclassifier.pytorch.PytorchTensor.Storage;
import org.diffusionclassifier.pytorch.PickleValue.Dict;
import org.diffusionclassifier.pytorch.PickleValue.Items;
import org.diffusionclassifier.tensor.DataFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * The two forms in which {@code torch.save} lays out a file: the value of its pickle, and where its storages are.
 *
 * <pre>
 *   since PyTorch 1.6, a zip of uncompressed entries      before, or with _use_new_zipfile_serialization=False
 *     ROOT/data.pkl        the pickle                       pickles   a magic number, the version 1001, a dict about
 *     ROOT/byteorder       "little" or "big", new ones                the machine; then the pickle; a list of keys
 *     ROOT/data/KEY        a storage each                   for each key: i64 elements, and these
 *     ROOT/version, …
 * </pre>
 *
 * @param root    the value of the pickle
 * @param regions where each storage is in the file, by its key
 * @param order   of the bytes of an element
 */
record PytorchArchive(Object root, Map<String, Region> regions, ByteOrder order) {

    record Region(long offset, long bytes) {
    }

    private static final BigInteger LEGACY_MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final Long LEGACY_VERSION = 1001L;

    /** @throws InputException if the file has neither form, or is damaged */
    static PytorchArchive read(DataFile file, HeapBudget budget) {
        int magic = file.size() < Integer.BYTES ? 0
                : file.read(0, ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN)).getInt();
        if (magic == StoredZip.MAGIC) {
            return readZip(file, budget);
        }
        if ((magic & 0xff) == 0x80) {                       // the opcode PROTO, with which pickles begin
            return readLegacy(file, budget);
        }
        throw new InputException(file.path() + ": expected a PyTorch checkpoint, found neither a zip nor a pickle");
    }

    private static PytorchArchive readZip(DataFile file, HeapBudget budget) {
        Map<String, StoredZip.Entry> entries = StoredZip.read(file, budget).entries();
        List<String> pickles = entries.keySet().stream().filter(name -> name.matches("[^/]+/data\\.pkl")).toList();
        if (pickles.size() != 1) {
            throw new InputException(file.path() + ": expected one pickle ROOT/data.pkl in the zip, found "
                    + pickles.size());
        }
        String root = pickles.get(0).substring(0, pickles.get(0).lastIndexOf('/') + 1);
        StoredZip.Entry pickle = entries.get(pickles.get(0));
        var globals = new PytorchGlobals();
        Object value = Unpickler.load(new PickleInput(file, pickle.offset(), pickle.bytes(), budget), globals);
        var regions = new HashMap<String, Region>();
        for (String key : globals.storages().keySet()) {
            StoredZip.Entry data = entries.get(root + "data/" + key);
            if (data == null) {
                throw new InputException(file.path() + ": expected an entry " + PickleValue.describe(root + "data/" + key)
                        + " in the zip, found none");
            }
            regions.put(key, new Region(data.offset(), data.bytes()));
        }
        return new PytorchArchive(value, regions, order(file, entries.get(root + "byteorder")));
    }

    private static ByteOrder order(DataFile file, StoredZip.Entry entry) {
        if (entry == null) {
            return ByteOrder.LITTLE_ENDIAN;
        }
        int bytes = (int) Math.min(entry.bytes(), 8);
        String order = StandardCharsets.US_ASCII.decode(file.read(entry.offset(), ByteBuffer.allocate(bytes)))
                .toString();
        return switch (order) {
            case "little" -> ByteOrder.LITTLE_ENDIAN;
            case "big" -> ByteOrder.BIG_ENDIAN;
            default -> throw new InputException(file.path() + ": expected the byteorder little or big, found "
                    + order);
        };
    }

    private static PytorchArchive readLegacy(DataFile file, HeapBudget budget) {
        var input = new PickleInput(file, 0, file.size(), budget);
        var globals = new PytorchGlobals();
        Object magic = Unpickler.load(input, globals);
        Object version = Unpickler.load(input, globals);
        if (!LEGACY_MAGIC.equals(magic) || !LEGACY_VERSION.equals(version)) {
            throw input.wrong("the magic number of torch.save and its version " + LEGACY_VERSION,
                    PickleValue.describe(magic) + " and " + PickleValue.describe(version));
        }
        Object machine = Unpickler.load(input, globals);
        if (!(machine instanceof Dict about) || !Boolean.TRUE.equals(about.entries.get("little_endian"))) {
            throw input.wrong("a little-endian machine's file", PickleValue.describe(machine));
        }
        Object value = Unpickler.load(input, globals);
        if (!(Unpickler.load(input, globals) instanceof Items keys)) {
            throw input.wrong("a list of the storages' keys", "something else");
        }
        var regions = new HashMap<String, Region>();
        for (Object key : keys.items) {
            Storage storage = globals.storages().get(key);
            if (storage == null) {
                throw input.wrong("the key of a storage", PickleValue.describe(key));
            }
            long elements = input.i64();
            if (elements != storage.elements()) {
                throw input.wrong(storage.elements() + " elements in storage " + PickleValue.describe(key),
                        Long.toString(elements));
            }
            var region = new Region(input.position(), storage.bytes());
            input.skip(region.bytes);
            if (regions.put(storage.key(), region) != null) {
                throw input.wrong("each storage once", PickleValue.describe(key) + " twice");
            }
        }
        if (input.position() != file.size()) {
            throw input.wrong("the end of the file", (file.size() - input.position()) + " more bytes");
        }
        return new PytorchArchive(value, regions, ByteOrder.LITTLE_ENDIAN);
    }
}
