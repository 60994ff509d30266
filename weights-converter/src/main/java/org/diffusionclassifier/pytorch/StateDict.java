package org.diffusionclassifier.pytorch;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.diffusionclassifier.pytorch.PickleValue.Dict;
import org.diffusionclassifier.tensor.DataFile;
import org.diffusionclassifier.tensor.InputException;

/**
 * Finds the tensors of an unpickled checkpoint. A model's tensors are in nested dictionaries, and the keys on the way
 * to a tensor make its name, joined by dots. If the outermost dictionary has a "state_dict", which trainers write
 * beside their own state, names begin inside it. Everything else is ignored.
 */
final class StateDict {

    /** The deepest nesting that is followed. The nesting of the networks themselves is already in the dotted names. */
    private static final int MAX_DEPTH = 16;
    private static final int MAX_NAME = 1024;

    /** An upper estimate of the heap that one name takes, apart from its text. */
    private static final int NAME_HEAP = 200;

    private record Level(String prefix, Iterator<Map.Entry<String, Object>> entries) {
    }

    private StateDict() {
    }

    /**
     * The tensors under {@code root} by name, in its order.
     *
     * @throws InputException if there are none, or two of the same name
     */
    static Map<String, PytorchTensor> tensors(DataFile file, Object root, HeapBudget budget) {
        var tensors = new LinkedHashMap<String, PytorchTensor>();
        // A dictionary that is reachable twice is walked once. Otherwise a few of them could stand for billions of names.
        Set<Object> walked = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Level> levels = new ArrayDeque<>();
        if (root instanceof Dict outermost) {
            Dict dict = outermost.entries.get("state_dict") instanceof Dict nested ? nested : outermost;
            walked.add(dict);
            levels.push(new Level("", dict.entries.entrySet().iterator()));
        }
        while (!levels.isEmpty()) {
            Level level = levels.peek();
            if (!level.entries.hasNext()) {
                levels.pop();
                continue;
            }
            Map.Entry<String, Object> entry = level.entries.next();
            boolean isDict = entry.getValue() instanceof Dict;
            if (!isDict && !(entry.getValue() instanceof PytorchTensor)) {
                continue;
            }
            if (level.prefix.length() + entry.getKey().length() > MAX_NAME || levels.size() > MAX_DEPTH) {
                throw new InputException(file.path() + ": expected names of up to " + MAX_NAME + " letters in up to "
                        + MAX_DEPTH + " nested dicts, found " + PickleValue.describe(level.prefix + entry.getKey()));
            }
            String name = level.prefix + entry.getKey();
            budget.charge(NAME_HEAP);
            budget.chargeText(name.length());
            if (entry.getValue() instanceof Dict dict && walked.add(dict)) {
                levels.push(new Level(name + ".", dict.entries.entrySet().iterator()));
            } else if (entry.getValue() instanceof PytorchTensor tensor && tensors.put(name, tensor) != null) {
                throw new InputException(file.path() + ": expected tensors with different names, found two called "
                        + name);
            }
        }
        if (tensors.isEmpty()) {
            throw new InputException(file.path() + ": expected a dict of tensors, found " + (root instanceof Dict
                    ? "one without any" : PickleValue.describe(root)));
        }
        return tensors;
    }
}
