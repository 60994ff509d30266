package org.diffusionclassifier.pytorch;

import java.util.ArrayList;
import java.util.List;
import org.diffusionclassifier.tensor.InputException;

/**
 * The stack of a pickle's machine: values, and marks where the items of a collection begin. Whatever asks for more than
 * there is ends in an {@link InputException} of its input.
 */
final class PickleStack {

    private static final Object MARK = new Object();

    /** An upper estimate of the heap that one takes: a reference, in a list that grew and while it is moved. */
    private static final int ITEM = 24;

    private final PickleInput input;
    private final List<Object> values = new ArrayList<>();

    PickleStack(PickleInput input) {
        this.input = input;
    }

    /** Values and marks. */
    int size() {
        return values.size();
    }

    void push(Object value) {
        values.add(value);
    }

    void mark() {
        values.add(MARK);
    }

    /** The last value. */
    Object top() {
        Object top = values.isEmpty() ? MARK : values.get(values.size() - 1);
        if (top == MARK) {
            throw input.wrong("a value on the stack", "none");
        }
        return top;
    }

    /** The last value, taken off. */
    Object pop() {
        Object top = top();
        values.remove(values.size() - 1);
        return top;
    }

    /** The last {@code count} values, in their order, taken off the stack. */
    List<Object> popLast(int count) {
        int from = values.size() - count;
        if (from < 0 || values.subList(from, values.size()).contains(MARK)) {
            throw input.wrong(count + " values on the stack", "fewer");
        }
        return popFrom(from, from);
    }

    /** The values above the topmost mark, in their order, taken off the stack together with it. */
    List<Object> popToMark() {
        int mark = values.lastIndexOf(MARK);
        if (mark < 0) {
            throw input.wrong("a mark on the stack", "none");
        }
        return popFrom(mark + 1, mark);
    }

    private List<Object> popFrom(int first, int removedFrom) {
        List<Object> tail = values.subList(first, values.size());
        input.budget().charge((long) ITEM * tail.size());
        List<Object> taken = new ArrayList<>(tail);
        values.subList(removedFrom, values.size()).clear();
        return taken;
    }
}
