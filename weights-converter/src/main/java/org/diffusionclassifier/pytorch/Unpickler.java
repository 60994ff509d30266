package org.diffusionclassifier.pytorch;

import static org.diffusionclassifier.pytorch.PickleValue.describe;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.diffusionclassifier.pytorch.PickleGlobals.Constructor;
import org.diffusionclassifier.pytorch.PickleGlobals.Stateful;
import org.diffusionclassifier.pytorch.PickleValue.Dict;
import org.diffusionclassifier.pytorch.PickleValue.Inert;
import org.diffusionclassifier.pytorch.PickleValue.Items;
import org.diffusionclassifier.tensor.InputException;

/**
 * Reads a pickle (format: CPython, Lib/pickletools.py) as data. A pickle is a program for a stack machine, and Python
 * lets it import and call any name. Here a global is a name and nothing else. Those that {@link PickleGlobals} knows
 * mean something, and the {@link Constructor}s among them may be called. Every other becomes an {@link Inert}: it may
 * be called, given items and attributes, and stays what it is, the name of a thing that this program does not have.
 * There is no recursion, and every opcode is charged to the budget of its input, loops included.
 *
 * <p>An allow-list of harmless globals, as PyTorch's {@code weights_only} has it, protects a reader that calls them.
 * This one calls none. Such a list would only refuse honest checkpoints for what nobody reads: trainers keep arguments,
 * paths, dates, random states and callbacks of any class beside their weights.
 *
 * <p>It knows the opcodes that Python writes for plain data and objects in the binary protocols 1 to 5 (torch.save uses
 * 2; protocol 0 cannot express its storages). Values become
 * <pre>
 *   None → null      bool → Boolean      int → Long or BigInteger      float → Double      str → String
 *   list, tuple, set → {@link Items}     dict → {@link Dict}
 *   bytes → {@link PickleValue#OPAQUE}, or text of Latin-1
 *   an object of a class that is not known → {@link Inert}
 * </pre>
 */
final class Unpickler {

    /** Upper estimates of the heap that each takes, in bytes. */
    private static final int OPCODE = 40;               // a stack slot and a number
    private static final int ENTRY = 72;                // of a map, with a number for a key
    private static final int CONTAINER = 160;
    private static final int OBJECT = 500;              // a tensor with eight dimensions and strides

    private final PickleInput input;
    private final PickleGlobals globals;
    private final boolean text;
    private final boolean keepsBytes;
    private final PickleStack stack;
    private final Map<Long, Object> memo = new HashMap<>();

    /**
     * @param text       whether it may be in protocol 0
     * @param keepsBytes whether bytes become text of Latin-1, in which each byte is a character; so do strings of
     *                   Python 2, which may be bytes as well
     */
    private Unpickler(PickleInput input, PickleGlobals globals, boolean text, boolean keepsBytes) {
        this.input = input;
        this.globals = globals;
        this.text = text;
        this.keepsBytes = keepsBytes;
        this.stack = new PickleStack(input);
    }

    /**
     * The value of the pickle that {@code input} stands at; leaves the input after it.
     *
     * @throws InputException if it is malformed
     */
    static Object load(PickleInput input, PickleGlobals globals) {
        return new Unpickler(input, globals, false, false).run();
    }

    /**
     * As {@link #load}, but with bytes as text of Latin-1.
     *
     * @throws InputException if it is malformed
     */
    static Object loadBytes(PickleInput input, PickleGlobals globals) {
        return new Unpickler(input, globals, false, true).run();
    }

    /**
     * As {@link #load}, but of plain values alone, which may also be in protocol 0, Python 2's default.
     *
     * @throws InputException if it is malformed, or holds more than plain values
     */
    static Object loadPlain(PickleInput input) {
        return new Unpickler(input, new PickleGlobals() {

            @Override
            public Object find(String name) {
                throw new IllegalArgumentException("only plain data");
            }

            @Override
            public Object persistent(Object id) {
                throw new IllegalArgumentException("only plain data");
            }
        }, true, false).run();
    }

    private Object run() {
        for (int opcode = input.u8(); opcode != '.'; opcode = input.u8()) {     // STOP
            charge(OPCODE);
            if (!scalar(opcode) && !collection(opcode) && !memory(opcode) && !object(opcode)
                    && !(text && textual(opcode))) {
                throw input.wrong("an opcode of data and objects", String.format("0x%02x", opcode));
            }
        }
        Object value = stack.pop();
        if (stack.size() > 0) {
            throw input.wrong("one value at the pickle's end", stack.size() + " more");
        }
        return value;
    }

    private boolean scalar(int opcode) {
        switch (opcode) {
            case 'N' -> stack.push(null);                                        // NONE
            case 0x88 -> stack.push(true);                                       // NEWTRUE
            case 0x89 -> stack.push(false);                                      // NEWFALSE
            case 'K' -> stack.push((long) input.u8());                           // BININT1
            case 'M' -> stack.push((long) input.u16());                          // BININT2
            case 'J' -> stack.push((long) input.i32());                          // BININT
            case 0x8a -> stack.push(input.integer(input.u8()));                  // LONG1
            case 'I', 'L' -> stack.push(input.decimal());                        // INT, LONG
            case 'G' -> stack.push(input.f64());                                 // BINFLOAT
            case 'U' -> string(input.u8());                                     // SHORT_BINSTRING
            case 'T' -> string(input.u32());                                    // BINSTRING
            case 0x8c -> stack.push(input.text(input.u8()));                     // SHORT_BINUNICODE
            case 'X' -> stack.push(input.text(input.u32()));                     // BINUNICODE
            case 0x8d -> stack.push(input.text(input.i64()));                    // BINUNICODE8
            case 'C' -> bytes(input.u8());                                      // SHORT_BINBYTES
            case 'B' -> bytes(input.u32());                                     // BINBYTES
            case 0x8e, 0x96 -> bytes(input.i64());                              // BINBYTES8, BYTEARRAY8
            default -> {
                return false;
            }
        }
        return true;
    }

    /** A string of Python 2. */
    private void string(long length) {
        stack.push(keepsBytes ? input.latin1(length) : input.text(length));
    }

    private void bytes(long length) {
        if (keepsBytes) {
            stack.push(input.latin1(length));
        } else {
            input.skip(length);
            stack.push(PickleValue.OPAQUE);
        }
    }

    private boolean collection(int opcode) {
        switch (opcode) {
            case '(' -> stack.mark();                                        // MARK
            case ')', ']', 0x8f -> stack.push(items(List.of()));                 // EMPTY_TUPLE, EMPTY_LIST, EMPTY_SET
            case 0x85 -> stack.push(items(stack.popLast(1)));                          // TUPLE1
            case 0x86 -> stack.push(items(stack.popLast(2)));                          // TUPLE2
            case 0x87 -> stack.push(items(stack.popLast(3)));                          // TUPLE3
            case 't', 'l', 0x91 -> stack.push(items(stack.popToMark()));               // TUPLE, LIST, FROZENSET
            case '}' -> stack.push(dict());                                      // EMPTY_DICT
            case 'd' -> {                                                       // DICT
                List<Object> keysAndValues = stack.popToMark();
                stack.push(putAll(dict(), keysAndValues));
            }
            case 'a' -> append(stack.popLast(1));                                     // APPEND
            case 'e', 0x90 -> append(stack.popToMark());                              // APPENDS, ADDITEMS
            case 's' -> setItems(stack.popLast(2));                                   // SETITEM
            case 'u' -> setItems(stack.popToMark());                                  // SETITEMS
            default -> {
                return false;
            }
        }
        return true;
    }

    private Items items(List<Object> initial) {
        charge(CONTAINER);
        return new Items(new ArrayList<>(initial));
    }

    private Dict dict() {
        charge(CONTAINER);
        return new Dict();
    }

    private void append(List<Object> items) {
        if (stack.top() instanceof Items list) {
            list.items.addAll(items);
        } else if (!(stack.top() instanceof Inert)) {
            throw input.wrong("a list to append to", describe(stack.top()));
        }
    }

    private void setItems(List<Object> keysAndValues) {
        if (stack.top() instanceof Dict dict) {
            putAll(dict, keysAndValues);
        } else if (!(stack.top() instanceof Inert)) {
            throw input.wrong("a dict to put items in", describe(stack.top()));
        }
    }

    private Dict putAll(Dict dict, List<Object> keysAndValues) {
        if (keysAndValues.size() % 2 != 0) {
            throw input.wrong("a value for every key", keysAndValues.size() + " keys and values");
        }
        for (int i = 0; i < keysAndValues.size(); i += 2) {
            charge(ENTRY);
            dict.put(keysAndValues.get(i), keysAndValues.get(i + 1));
        }
        return dict;
    }

    private boolean memory(int opcode) {
        switch (opcode) {
            case '0' -> stack.pop();                                                  // POP
            case '1' -> stack.popToMark();                                            // POP_MARK
            case '2' -> stack.push(stack.top());                                       // DUP
            case 'q' -> put(input.u8());                                        // BINPUT
            case 'r' -> put(input.u32());                                       // LONG_BINPUT
            case 0x94 -> put(memo.size());                                      // MEMOIZE
            case 'h' -> get(input.u8());                                        // BINGET
            case 'j' -> get(input.u32());                                       // LONG_BINGET
            default -> {
                return false;
            }
        }
        return true;
    }

    private void put(long key) {
        charge(ENTRY);
        memo.put(key, stack.top());
    }

    private void get(long key) {
        if (!memo.containsKey(key)) {
            throw input.wrong("a memo entry " + key, "none");
        }
        stack.push(memo.get(key));
    }

    private boolean object(int opcode) {
        switch (opcode) {
            case 0x80 -> {                                                      // PROTO
                int protocol = input.u8();
                if (protocol > 5) {
                    throw input.wrong("a pickle protocol up to 5", Integer.toString(protocol));
                }
            }
            case 0x95 -> input.i64();                                           // FRAME, whose length is a hint
            case 'c' -> stack.push(global(input.line(), input.line()));          // GLOBAL
            case 0x93 -> {                                                      // STACK_GLOBAL
                List<Object> name = stack.popLast(2);
                stack.push(global(name.get(0), name.get(1)));
            }
            case 'R', 0x81 -> {                                                 // REDUCE, NEWOBJ
                List<Object> call = stack.popLast(2);
                stack.push(construct(call.get(0), call.get(1)));
            }
            case 0x92 -> {                                                      // NEWOBJ_EX, with arguments by name
                List<Object> call = stack.popLast(3);
                stack.push(construct(call.get(0), call.get(1)));
            }
            case 'i' -> {                                                       // INST
                Object named = global(input.line(), input.line());
                stack.push(construct(named, items(stack.popToMark())));
            }
            case 'o' -> {                                                       // OBJ: the class, then its arguments
                List<Object> call = stack.popToMark();
                Object named = call.isEmpty() ? null : call.remove(0);
                stack.push(construct(named, items(call)));
            }
            case 'b' -> build(stack.pop(), stack.top());                                    // BUILD
            case 'Q' -> stack.push(persistent(stack.pop()));                           // BINPERSID
            default -> {
                return false;
            }
        }
        return true;
    }

    /** What protocol 0 has in lines of text where the others have bytes. */
    private boolean textual(int opcode) {
        switch (opcode) {
            case 'S' -> stack.push(charged(written(PythonText::quoted)));        // STRING
            case 'V' -> stack.push(charged(written(PythonText::escaped)));       // UNICODE
            case 'F' -> stack.push(written(Double::valueOf));                    // FLOAT
            case 'p' -> put(written(Long::parseUnsignedLong));                  // PUT
            case 'g' -> get(written(Long::parseUnsignedLong));                  // GET
            default -> {
                return false;
            }
        }
        return true;
    }

    private String charged(String text) {
        input.budget().chargeText(text.length());
        return text;
    }

    private <T> T written(Function<String, T> reader) {
        String line = input.line(StandardCharsets.ISO_8859_1);
        try {
            return reader.apply(line);
        } catch (IllegalArgumentException e) {
            throw input.wrong(e instanceof NumberFormatException ? "a number" : e.getMessage(), describe(line));
        }
    }

    private Object global(Object module, Object name) {
        if (!(module instanceof String && name instanceof String)) {
            throw input.wrong("the name of a global", describe(module) + "." + describe(name));
        }
        charge(CONTAINER);
        input.budget().chargeText(((String) module).length() + ((String) name).length());
        String global = module + "." + name;
        try {
            Object known = globals.find(global);
            return known == null ? new Inert(global) : known;
        } catch (IllegalArgumentException e) {
            throw input.wrong(e.getMessage(), "the global " + global);
        }
    }

    private Object construct(Object function, Object arguments) {
        if (function instanceof Inert) {
            return function;
        }
        if (!(function instanceof Constructor constructor && arguments instanceof Items tuple)) {
            throw input.wrong("a known constructor and its arguments", describe(function) + " and "
                    + describe(arguments));
        }
        charge(OBJECT);
        try {
            return constructor.construct(tuple.items);
        } catch (IllegalArgumentException e) {
            throw input.wrong(e.getMessage(), describe(arguments));
        }
    }

    /** Attributes of what is not known are dropped. */
    private void build(Object state, Object object) {
        if (object instanceof Stateful stateful) {
            try {
                stateful.set(state);
            } catch (IllegalArgumentException e) {
                throw input.wrong(e.getMessage(), describe(state));
            }
        } else if (!(object instanceof Dict) && !(object instanceof Inert)) {
            throw input.wrong("an object to set attributes of", describe(object));
        }
    }

    private Object persistent(Object id) {
        charge(CONTAINER);
        try {
            return globals.persistent(id);
        } catch (IllegalArgumentException e) {
            throw input.wrong(e.getMessage(), describe(id));
        }
    }

    private void charge(long bytes) {
        input.budget().charge(bytes);
    }
}
