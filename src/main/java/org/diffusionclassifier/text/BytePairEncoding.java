package org.diffusionclassifier.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import org.diffusionclassifier.weights.InputException;

/**
 * Byte-level byte-pair encoding of one word (GPT-2, Radford et al. 2019, §2.2): its UTF-8 bytes are symbols, the last one
 * marked as the word's end, and of all neighbours that have a merge the one of lowest rank, the leftmost of these, is
 * merged until none has. Leans on {@code vocab.json} (symbol → id) and {@code merges.txt} (a merge a line, by rank).
 */
final class BytePairEncoding {

    private static final String WORD_END = "</w>";

    private final Map<String, Integer> vocabulary;
    private final Map<Pair, Merge> merges;
    private final String[] byteSymbols = byteSymbols();

    /** Two symbols that stand next to each other, by id. */
    private record Pair(int left, int right) {
    }

    /** What a pair becomes; the lowest rank goes first. */
    private record Merge(int rank, int id) {
    }

    private BytePairEncoding(Map<String, Integer> vocabulary, Map<Pair, Merge> merges) {
        this.vocabulary = vocabulary;
        this.merges = merges;
    }

    /**
     * Reads the two tables.
     *
     * @throws InputException if one is missing or malformed, the ids are not 0 … n − 1, or a merge has a symbol that the
     *                        vocabulary lacks
     */
    static BytePairEncoding read(Path vocabularyFile, Path mergesFile) {
        var vocabulary = readVocabulary(vocabularyFile);
        return new BytePairEncoding(vocabulary, readMerges(mergesFile, vocabulary));
    }

    int vocabularySize() {
        return vocabulary.size();
    }

    /** The id of a whole token, null if the vocabulary lacks it. */
    Integer id(String token) {
        return vocabulary.get(token);
    }

    /**
     * Appends a word's tokens, in time n log n of its bytes.
     *
     * @param unknown id for a byte that the vocabulary lacks
     */
    void encode(String word, int unknown, List<Integer> tokens) {
        var bytes = word.getBytes(StandardCharsets.UTF_8);
        var ids = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            var symbol = byteSymbols[bytes[i] & 0xFF] + (i == bytes.length - 1 ? WORD_END : "");
            ids[i] = vocabulary.getOrDefault(symbol, unknown);
        }
        var symbols = new Symbols(ids);
        symbols.merge();
        for (int i = 0; i < ids.length; i = symbols.next[i]) {
            tokens.add(ids[i]);
        }
    }

    /** A word on its way: the symbols in a linked list over the positions of their first bytes, and what may merge. */
    private final class Symbols {

        private static final int ABSORBED = -1;

        private final int[] ids;
        private final int[] next;
        private final int[] previous;

        /** Rank in the upper half, position of the left symbol in the lower. Some are out of date. */
        private final PriorityQueue<Long> candidates = new PriorityQueue<>();

        Symbols(int[] ids) {
            this.ids = ids;
            next = new int[ids.length];
            previous = new int[ids.length];
            for (int i = 0; i < ids.length; i++) {
                next[i] = i + 1;
                previous[i] = i - 1;
            }
        }

        void merge() {
            for (int i = 0; i < ids.length; i++) {
                propose(i);
            }
            while (!candidates.isEmpty()) {
                long candidate = candidates.poll();
                int left = (int) candidate;
                var merge = mergeAt(left);
                if (merge == null || merge.rank != candidate >>> 32) {
                    continue;
                }
                int right = next[left];
                ids[left] = merge.id;
                ids[right] = ABSORBED;
                next[left] = next[right];
                if (next[left] < ids.length) {
                    previous[next[left]] = left;
                }
                propose(left);
                propose(previous[left]);
            }
        }

        private void propose(int left) {
            var merge = mergeAt(left);
            if (merge != null) {
                candidates.add((long) merge.rank << 32 | left);
            }
        }

        /** The merge of a symbol with its right neighbour, null where there is none. */
        private Merge mergeAt(int left) {
            return left < 0 || next[left] == ids.length ? null : merges.get(new Pair(ids[left], ids[next[left]]));
        }
    }

    private static Map<String, Integer> readVocabulary(Path file) {
        var json = ClipTokenizer.readJson(file);
        var vocabulary = new HashMap<String, Integer>();
        var taken = new boolean[json.size()];
        for (var entry : json.properties()) {
            var id = entry.getValue();
            if (!id.isInt() || id.intValue() < 0 || id.intValue() >= taken.length || taken[id.intValue()]) {
                throw new InputException("%s: token \"%s\" has id %s, expected every id from 0 to %d once".formatted(
                        file, entry.getKey(), id, taken.length - 1));
            }
            taken[id.intValue()] = true;
            vocabulary.put(entry.getKey(), id.intValue());
        }
        return vocabulary;
    }

    private static Map<Pair, Merge> readMerges(Path file, Map<String, Integer> vocabulary) {
        var merges = new HashMap<Pair, Merge>();
        int number = 0;
        for (var line : lines(file)) {
            number++;
            if (line.isEmpty() || number == 1 && line.startsWith("#version")) {
                continue;
            }
            var pair = line.split(" ", -1);
            if (pair.length != 2 || pair[0].isEmpty() || pair[1].isEmpty()) {
                throw new InputException("%s:%d: expected two symbols with a space between them, found \"%s\"".formatted(
                        file, number, line));
            }
            for (var symbol : List.of(pair[0], pair[1], pair[0] + pair[1])) {
                if (!vocabulary.containsKey(symbol)) {
                    throw new InputException("%s:%d: \"%s\" is not in the vocabulary".formatted(file, number, symbol));
                }
            }
            merges.put(new Pair(vocabulary.get(pair[0]), vocabulary.get(pair[1])),
                    new Merge(merges.size(), vocabulary.get(pair[0] + pair[1])));
        }
        return merges;
    }

    private static List<String> lines(Path file) {
        if (!Files.exists(file)) {
            throw new InputException(file + ": no such file");
        }
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new InputException("%s: cannot be read as UTF-8 text: %s".formatted(file, e), e);
        }
    }

    /**
     * A printable character for each byte value: itself where Latin-1 has one, the next unused from U+0100 on for the
     * controls, the spaces and the soft hyphen.
     */
    private static String[] byteSymbols() {
        var symbols = new String[256];
        char substitute = 0x100;
        for (char b = 0; b < 256; b++) {
            boolean printable = b >= '!' && b <= '~' || b >= '¡' && b != '\u00AD';
            symbols[b] = String.valueOf(printable ? b : substitute++);
        }
        return symbols;
    }
}
