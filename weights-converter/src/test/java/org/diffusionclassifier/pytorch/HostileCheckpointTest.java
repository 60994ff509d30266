package org.diffusionclassifier.pytorch;

import static org.diffusionclassifier.pytorch.PytorchFixture.contiguous;
import static org.diffusionclassifier.testing.Fixtures.inputError;
import static org.diffusionclassifier.testing.Fixtures.resource;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.diffusionclassifier.pytorch.PytorchTensor.Storage;
import org.diffusionclassifier.pytorch.ZipBytes.Entry;
import org.diffusionclassifier.checkpoint.SafetensorsWeights;
import org.diffusionclassifier.tensor.DType;
import org.diffusionclassifier.tensor.InputException;
import org.diffusionclassifier.tensor.Weights;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Checkpoints that lie, or want more than to be read: each is refused in one line that says what was found, and never
 * with more than 64 MiB allocated in all, which is counted.
 */
class HostileCheckpointTest {

    private static final long MAX_ALLOCATED = 64 << 20;

    @TempDir
    Path temp;
    private final PytorchFixture fixture = new PytorchFixture();
    private Path file;
    private PytorchTensor tensor;

    @BeforeEach
    void prepare() {
        file = temp.resolve("hostile.pt");
        tensor = contiguous(fixture.storage(1, 2, 3), List.of(3));
    }

    @ParameterizedTest
    @CsvSource({"os, system", "posix, system", "builtins, eval", "__builtin__, eval", "subprocess, Popen",
        "torch._utils, _rebuild_sparse_tensor", "torch.nn.modules.linear, Linear", "collections, OrderedDict.update"})
    void aGlobalThatIsNotOfTensorsIsOnlyAName(String module, String name) throws IOException {
        Path pwned = temp.resolve("pwned");
        List<Object> command = List.of("touch " + pwned);
        byte[] global = new PickleBytes().global(module, name).value(command).bytes('R').end();
        byte[] stackGlobal = new PickleBytes().value(module).value(name).bytes(0x93).value(command).bytes('R').end();
        byte[] inst = new PickleBytes().bytes('(').value("touch " + pwned).bytes('i')
                .text(module + "\n" + name + "\n").end();
        byte[] obj = new PickleBytes().bytes('(').global(module, name).value("touch " + pwned).bytes('o').end();
        byte[] newObj = new PickleBytes().global(module, name).value(command).bytes(0x81).end();
        byte[] newObjEx = new PickleBytes().global(module, name).value(command).bytes('}', 0x92).end();
        for (byte[] pickle : List.of(global, stackGlobal, inst, obj, newObj, newObjEx)) {
            for (byte[] checkpoint : List.of(fixture.zip(pickle), new PytorchFixture().legacy(pickle))) {
                String message = refusal(checkpoint);
                assertEquals(file + ": expected a dict of tensors, found an object of " + module + "." + name, message);
            }
            assertTrue(refusal(pickle).startsWith(file + ": pickle, before byte "));
        }
        var beside = new PickleBytes().bytes('}', '(').value("evil").global(module, name).value(command)
                .bytes('R', '}', 'b').value("w").value(tensor).bytes('u');
        assertOpens(beside, "w");
        assertTrue(Files.notExists(pwned));
    }

    /** Of protocol 0, the registry of extensions, out-of-band buffers, an unassigned one. */
    @ParameterizedTest
    @ValueSource(ints = {'P', 'S', 'V', 'F', 'p', 'g', 0x82, 0x83, 0x84, 0x97, 0x98, 0xff, 0x00})
    void anOpcodeThatTorchNeverWritesIsRefused(int opcode) throws IOException {
        String message = refusal(fixture.zip(new PickleBytes().global("collections", "OrderedDict").bytes(')')
                .bytes(opcode).end()));
        assertTrue(message.endsWith(String.format("expected an opcode of data and objects, found 0x%02x", opcode)),
                message);
    }

    @Test
    void onlyConstructorsAreCalledAndOnlyOnTheirArguments() throws IOException {
        assertEnds(new PickleBytes().value("os.system").value(List.of("id")).bytes('R'),
                "expected a known constructor and its arguments, found os.system and a sequence of 1");
        assertEnds(new PickleBytes().global("torch", "FloatStorage").value(List.of(1L)).bytes('R'),
                "expected a known constructor and its arguments, found F32 and a sequence of 1");
        assertEnds(new PickleBytes().global("torch._utils", "_rebuild_tensor_v2").value(List.of(1L)).bytes('R'),
                "and as many strides, found a sequence of 1");
        assertEnds(new PickleBytes().global("torch._utils", "_rebuild_parameter").value(List.of(1L)).bytes('R'),
                "expected a tensor, found a sequence of 1");
        assertEnds(new PickleBytes().value(List.of("module", "x", "y", "z", 1L)).bytes('Q'),
                "expected a reference to a storage, found a sequence of 5");
        assertEnds(new PickleBytes().value(1L).value(2L).bytes('b'),
                "expected an object to set attributes of, found 1");
        assertEnds(new PickleBytes().value(1L).value(2L).bytes(0x93), "expected the name of a global, found 1.2");
        assertEnds(new PickleBytes().bytes('(', 'o'),
                "expected a known constructor and its arguments, found None and a sequence of 0");
        assertEnds(new PickleBytes().global("torch._utils", "_rebuild_tensor_v3").value(List.of(1L)).bytes('R'),
                "expected an untyped storage of whole elements and their type, found a sequence of 1");
    }

    @Test
    void malformedPicklesAreRefused() throws IOException {
        assertEnds(new PickleBytes(), "expected a value on the stack, found none");
        assertEnds(new PickleBytes().bytes('('), "expected a value on the stack, found none");
        assertEnds(new PickleBytes().bytes('t'), "expected a mark on the stack, found none");
        assertEnds(new PickleBytes().bytes('(', 'N', 0x86), "expected 2 values on the stack, found fewer");
        assertEnds(new PickleBytes().bytes('h', 7), "expected a memo entry 7, found none");
        assertEnds(new PickleBytes().bytes('N', 'N'), "expected one value at the pickle's end, found 1 more");
        assertEnds(new PickleBytes().bytes('}', '(', 'N', 'u'),
                "expected a value for every key, found 1 keys and values");
        assertEnds(new PickleBytes().bytes('N', 'N', 'a'), "expected a list to append to, found None");
        assertEnds(new PickleBytes().bytes('N', 'N', 'N', 's'), "expected a dict to put items in, found None");
        assertEnds(new PickleBytes().bytes('I', 'x', '\n'), "expected a decimal number, found x");
        assertEnds(new PickleBytes().bytes(0x80, 6), "expected a pickle protocol up to 5, found 6");
        assertEnds(new PickleBytes().value(5L), "expected a dict of tensors, found 5");
        assertEnds(new PickleBytes().value(Map.of("epoch", 5L)), "expected a dict of tensors, found one without any");
    }

    @ParameterizedTest
    @CsvSource({"X, 4294967295", "T, 4294967295", "B, 4294967295"})
    void aLengthBeyondThePickleIsRefused(char opcode, long length) throws IOException {
        String message = refusal(fixture.zip(new PickleBytes().bytes(opcode).u32((int) length).end()));
        assertTrue(message.endsWith("expected " + length + " more bytes, found 1 (truncated?)"), message);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x8d, 0x8e, 0x96})
    void aLengthOf64BitsIsRefused(int opcode) throws IOException {
        for (int high : new int[] {1, 0x40000000, -1}) {
            String message = refusal(fixture.zip(new PickleBytes().bytes(opcode).u32(0).u32(high).end()));
            assertTrue(message.endsWith(" more bytes, found 1 (truncated?)"), message);
        }
    }

    /** Each would take gigabytes, or the whole stack, of a reader that believes it. */
    @ParameterizedTest
    @CsvSource({
        "(, 2000000",               // marks
        "]2, 1000000",              // lists, each twice on the stack
        "KK, 2000000",              // numbers
        "}, 500000",                // dicts
        ")\u0085\u0094, 200000",    // tuples in the memo
        "U\u0001x, 1000000"})       // texts
    void manyObjectsInASmallFileAreRefused(String opcodes, int times) throws IOException {
        int[] bytes = opcodes.chars().toArray();
        assertTooLarge(repeated(bytes, times));
    }

    @Test
    void depthWithinTheBudgetNeedsNoStackAndIsPassedOver() throws IOException {
        var pickle = new PickleBytes().bytes('}', '(').value("deep").bytes(')');
        for (int i = 0; i < 100_000; i++) {
            pickle.bytes(0x85);
        }
        assertOpens(pickle.value("itself").bytes(']', '2', 'a').value("w").value(tensor).bytes('u'), "w");
    }

    /** Ten items, each of which is the same ten items, and so on: 10^30 values in 1 KB. */
    @Test
    void memoBombsStaySmall() throws IOException {
        var lists = new PickleBytes().bytes(']');
        for (int level = 0; level < 30; level++) {
            lists.bytes('q', level, '0', ']', '(');
            for (int i = 0; i < 10; i++) {
                lists.bytes('h', level);
            }
            lists.bytes('e');
        }
        assertEnds(lists, "expected a dict of tensors, found a sequence of 10");
        assertTrue(refusal(fixture.zip(dictsOfDicts(17).end())).contains("in up to 16 nested dicts, found k0.k0.k0."));
        assertOpens(dictsOfDicts(15), "k0.".repeat(15) + "w");

        var repeated = new PickleBytes().bytes('(');            // pairs of the last pair, at first of 10000 times None
        for (int i = 0; i < 10_000; i++) {
            repeated.bytes('N');
        }
        repeated.bytes('l', 'q', 0, '0');
        for (int i = 0; i < 10_000; i++) {
            repeated.bytes('(', 'h', 0, 'h', 0, 't', 'q', 0, '0');
        }
        assertEnds(repeated.bytes('N'), "expected a dict of tensors, found None");
    }

    /** The innermost has a tensor, and each of the others ten times the next one. */
    private PickleBytes dictsOfDicts(int levels) {
        var pickle = new PickleBytes().value(Map.of("w", tensor));
        for (int level = 0; level < levels; level++) {
            pickle.bytes('q', level, '0', '}', '(');
            for (int i = 0; i < 10; i++) {
                pickle.value("k" + i).bytes('h', level);
            }
            pickle.bytes('u');
        }
        return pickle;
    }

    /** {@code _rebuild_from_type_v2(itself, type, arguments, attributes)}, of arguments that are these very ones. */
    @Test
    void argumentsThatContainThemselvesAreRefused() throws IOException {
        assertEnds(new PickleBytes().global("torch._tensor", "_rebuild_from_type_v2")
                .bytes('q', 0, ']', 'q', 1, '(', 'h', 0)
                .value("type").bytes('h', 1).value(Map.of()).bytes('e', 'R'),
                "expected a function, a type, its arguments and attributes, found a sequence of 4");
    }

    /** A name of a megabyte, kept a thousand times. */
    @Test
    void longNamesOfGlobalsAreNotMultiplied() throws IOException {
        var pickle = new PickleBytes().value("x".repeat(1 << 20)).bytes('q', 0, '0', '(');
        for (int i = 0; i < 1000; i++) {
            pickle.bytes('h', 0, 'h', 0, 0x93);
        }
        assertTooLarge(pickle.bytes('l').end());
    }

    @Test
    void aDictWithinItselfIsWalkedOnce() throws IOException {
        assertOpens(new PickleBytes().bytes('}', 'q', 0).value("itself").bytes('h', 0, 's').value("w").value(tensor)
                .bytes('s'), "w");
    }

    private void assertOpens(PickleBytes pickle, String onlyTensor) throws IOException {
        try (var weights = PytorchWeights.open(Files.write(file, fixture.zip(pickle.end())))) {
            assertEquals(List.of(onlyTensor), List.copyOf(weights.names()));
        }
    }

    @Test
    void longNamesAreNotMultiplied() throws IOException {
        var pickle = new PickleBytes().bytes('}').value("x".repeat(900)).bytes('}', '(');
        pickle.value("0").value(tensor).bytes('q', 0);
        for (int i = 1; i < 20_000; i++) {
            pickle.value(Integer.toString(i)).bytes('h', 0);
        }
        assertTooLarge(pickle.bytes('u', 's').end());
        assertTrue(refusal(fixture.zip(Map.of("x".repeat(1025), tensor))).contains("names of up to 1024 letters"));
    }

    @Test
    void tensorsBeyondTheirStorageAreRefused() throws IOException {
        Storage storage = tensor.storage();
        for (PytorchTensor beyond : List.of(
                new PytorchTensor(storage, 0, List.of(4), List.of(1L)),
                new PytorchTensor(storage, 1, List.of(3), List.of(1L)),
                new PytorchTensor(storage, 0, List.of(2, 2), List.of(2L, 1L)),
                new PytorchTensor(storage, Long.MAX_VALUE, List.of(), List.of()),
                new PytorchTensor(storage, 0, List.of(2), List.of(Long.MAX_VALUE)),
                new PytorchTensor(storage, 0, List.of(Integer.MAX_VALUE, 3, Integer.MAX_VALUE), List.of(0L, 0L, 0L)),
                new PytorchTensor(storage, 0, List.of(3, 3), List.of(Long.MAX_VALUE / 2, Long.MAX_VALUE / 2)))) {
            for (byte[] checkpoint : List.of(fixture.zip(Map.of("w", beyond)), fixture.legacy(Map.of("w", beyond)))) {
                String message = refusal(checkpoint);
                assertTrue(message.startsWith(file + ": tensor w: expected elements within its storage of 3, found "),
                        message);
            }
        }
        var rank9 = new PytorchTensor(storage, 0, List.of(1, 1, 1, 1, 1, 1, 1, 1, 1),
                List.of(1L, 1L, 1L, 1L, 1L, 1L, 1L, 1L, 1L));
        assertTrue(refusal(fixture.zip(Map.of("w", rank9))).contains("a shape of up to 8 dimensions"));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 2, 4, 2_500_000_000L, Long.MAX_VALUE / 8})
    void aStorageOfAnotherLengthThanItsDataIsRefused(long elements) throws IOException {
        var liar = new PytorchFixture();
        PytorchTensor empty = contiguous(liar.storage(DType.F32, elements, new byte[12]), List.of(0));
        assertEquals(file + ": tensor w: expected a storage of " + elements + " F32, found 12 bytes",
                refusal(liar.zip(Map.of("w", empty))));
        String message = refusal(liar.legacy(Map.of("w", empty)));
        assertTrue(message.endsWith(elements < 3 ? "expected the end of the file, found " + (12 - 4 * elements)
                + " more bytes" : "expected " + 4 * elements + " more bytes, found 12 (truncated?)"), message);
    }

    @Test
    void zipsThatLieAreRefused() throws IOException {
        long claim = 10L << 30;
        assertZip("zip: expected archive/data/0 before byte ", entry -> entry.claiming(claim));
        assertZip("zip: expected archive/data/0 before byte ", entry -> entry.claiming(Long.MAX_VALUE));
        assertZip("zip: expected archive/data/0 before byte ", entry -> entry.claiming(-1));
        assertZip("zip: expected entries that are neither compressed nor encrypted, found archive/data/0 with method 8",
                entry -> entry.method(8));
        assertZip("neither compressed nor encrypted", entry -> entry.flags(1));
        assertZip("zip: expected the header of archive/data/0 at byte ", entry -> entry.localName("archive/data/1"));
        assertZip("tensor w: expected a storage of 3 F32, found 8 bytes", entry -> entry.claiming(8));
        assertZip("zip: expected entries below the archive's root, found archive/../../etc/passwd",
                entry -> Entry.of("archive/../../etc/passwd", entry.data()));
        assertZip("entries below the archive's root, found /etc/passwd",
                entry -> Entry.of("/etc/passwd", entry.data()));
        assertZip("entries below the archive's root, found ..\\x", entry -> Entry.of("..\\x", entry.data()));
        assertZip("zip: expected names of at most 512 bytes, found 513",
                entry -> Entry.of("x".repeat(513), entry.data()));
        assertZip("expected entries with different names, found two called archive/data.pkl",
                entry -> Entry.of("archive/data.pkl", entry.data()));
        assertZip("expected one pickle ROOT/data.pkl in the zip, found 2",
                entry -> Entry.of("other/data.pkl", entry.data()));
        assertZip("expected an entry archive/data/0 in the zip, found none",
                entry -> Entry.of("archive/data/1", entry.data()));
        assertTrue(refusal(ZipBytes.write(false, List.of(Entry.of("x", new byte[5])))).endsWith("zip, found 0"));
        byte[] pickle = new PickleBytes().value(Map.of("w", tensor)).end();
        assertTrue(refusal(ZipBytes.write(false, fixture.entries(pickle, "middle")))
                .endsWith("expected the byteorder little or big, found middle"));
    }

    private void assertZip(String expected, UnaryOperator<Entry> change) throws IOException {
        for (boolean zip64 : new boolean[] {false, true}) {
            byte[] pickle = new PickleBytes().value(Map.of("w", tensor)).end();
            List<Entry> entries = fixture.entries(pickle, "little");
            entries.replaceAll(entry -> entry.name().equals("archive/data/0") ? change.apply(entry) : entry);
            String message = refusal(ZipBytes.write(zip64, entries));
            assertTrue(message.contains(expected), message);
        }
    }

    @Test
    void aDirectoryOfManyEntriesIsRefused() throws IOException {
        var entries = new ArrayList<Entry>();
        for (int i = 0; i < 100_000; i++) {
            entries.add(Entry.of("archive/data/" + "0".repeat(30) + i, new byte[0]));
        }
        String message = refusal(ZipBytes.write(true, entries));
        assertTrue(message.contains("zip: expected a directory of at most 8388608 bytes, found "), message);
    }

    @Test
    void legacyFilesThatLieAreRefused() throws IOException {
        byte[] honest = fixture.legacy(Map.of("w", tensor));
        byte[] wrongCount = honest.clone();
        wrongCount[honest.length - 12 - 8] = 4;
        assertTrue(refusal(wrongCount).endsWith("expected 3 elements in storage 0, found 4"));
        assertTrue(refusal(new PickleBytes().value(5L).bytes('.').value(1001L).end())
                .contains("expected the magic number of torch.save"));
        assertEquals(file + ": expected a PyTorch checkpoint, found neither a zip nor a pickle",
                refusal("hello".getBytes()));
        assertEquals(file + ": expected a PyTorch checkpoint, found neither a zip nor a pickle", refusal(new byte[0]));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aFileCutAnywhereIsRefused(boolean zip) throws IOException {
        try (Weights golden = SafetensorsWeights.open(resource("golden/clip-text-sd1-tiny"), "model")) {
            Map<String, Object> dict = fixture.stateDict(golden);
            byte[] whole = zip ? fixture.zip(dict) : fixture.legacy(dict);
            for (int length = 0; length < whole.length; length += 256) {
                refusal(Arrays.copyOf(whole, length));
            }
            refusal(Arrays.copyOf(whole, whole.length - 1));
        }
    }

    /** Changes some bytes of what PyTorch wrote: that may leave a file that can be read, but never another error. */
    @ParameterizedTest
    @ValueSource(strings = {"zip.pt", "legacy.pt", "lightning.ckpt", "training.pt"})
    void changedBytesNeverEndInAnotherError(String name) throws IOException {
        byte[] honest = Files.readAllBytes(resource("pytorch/" + name));
        var random = new SplittableRandom(5);
        int refused = 0;
        for (int round = 0; round < 1000; round++) {
            byte[] changed = honest.clone();
            for (int i = random.nextInt(1, 4); i > 0; i--) {
                changed[random.nextInt(changed.length)] = (byte) random.nextInt();
            }
            Files.write(file, changed);
            try (var weights = PytorchWeights.open(file)) {
                for (String tensor : weights.names()) {
                    long elements = weights.shape(tensor).stream().mapToLong(n -> n).reduce(1, (a, b) -> a * b);
                    if (weights.dtype(tensor).isFloat() && elements < 1 << 20) {
                        weights.read(tensor, FloatBuffer.allocate((int) elements));
                    }
                }
            } catch (InputException e) {
                refused++;
            }
        }
        assertTrue(refused > 250, refused + " of 1000 refused");
    }

    private void assertEnds(PickleBytes pickle, String expected) throws IOException {
        String message = refusal(fixture.zip(pickle.end()));
        assertTrue(message.endsWith(expected), message);
    }

    private void assertTooLarge(byte[] pickle) throws IOException {
        for (byte[] checkpoint : List.of(fixture.zip(pickle), fixture.legacy(pickle))) {
            assertEquals(file + ": expected a checkpoint whose structure takes at most 48 MiB, found a larger one",
                    refusal(checkpoint));
        }
    }

    private static byte[] repeated(int[] opcodes, int times) {
        var pickle = new PickleBytes();
        for (int i = 0; i < times; i++) {
            pickle.bytes(opcodes);
        }
        return pickle.end();
    }

    /** The message with which the file is refused, after a check of what was allocated until then. */
    private String refusal(byte[] checkpoint) throws IOException {
        Files.write(file, checkpoint);
        var thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = thread.getCurrentThreadAllocatedBytes();
        String message = inputError(() -> PytorchWeights.open(file));
        long allocated = thread.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < MAX_ALLOCATED, allocated + " bytes allocated: " + message);
        return message;
    }
}
