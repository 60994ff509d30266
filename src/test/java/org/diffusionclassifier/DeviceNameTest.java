package org.diffusionclassifier;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.diffusionclassifier.DeviceName.Kind;
import org.diffusionclassifier.testing.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What can be said of devices, and what cannot. */
class DeviceNameTest {

    @Test
    void listsOfDevices() {
        assertEquals(List.of(DeviceName.AUTO), DeviceName.list("Auto"));
        assertEquals(List.of(new DeviceName(Kind.ALL, 0, null)), DeviceName.list("all"));
        assertEquals(List.of(new DeviceName(Kind.CUDA, 0, null), new DeviceName(Kind.CUDA, 3, null)),
                DeviceName.list("cuda, CUDA:3"));
        assertEquals(List.of(new DeviceName(Kind.CPU, 0, 4), new DeviceName(Kind.CPU, 1, 4)),
                DeviceName.list("cpu:2x4"));
    }

    @Test
    void namesAreThoseThatAreGiven() {
        assertEquals("[cuda:0, cuda:1]", DeviceName.list("cuda,cuda:1").toString());
        assertEquals("[cpu]", DeviceName.list("cpu").toString());
        assertEquals("[cpu:0, cpu:1]", DeviceName.list("cpu:2x1").toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "''              | found nothing",
        "cuda,           | found nothing",
        "cuda:-1         | found cuda:-1",
        "cuda:x          | found cuda:x",
        "auto:1          | found auto:1",
        "cpu:2           | found cpu:2",
        "cpu:2x          | found cpu:2x",
        "cpu:0x1         | expected 1 to 1024 models, found cpu:0x1",
        "cpu:1x0         | expected 1 to 1024 threads, of a model on the CPU, found 0 on cpu",
        "cpu:9999x1      | expected 1 to 1024 models, found cpu:9999x1",
        "cpu:99999x1     | found cpu:99999x1",
        "cuda:0,cpu      | expected devices of one kind, found cuda:0 and cpu",
        "cpu,cpu:2x1     | expected devices of one kind, found cpu and cpu:0",
        "cpu:1x1,cpu:1x2 | expected devices of one kind, found cpu:0 and cpu:0",
        "all,cuda:1      | expected devices of one kind, found all and cuda:1",
        "cuda,cuda:0     | expected each device once, found cuda:0 twice",
        "cpu,cpu         | expected each device once, found cpu twice"})
    void refusesWhatIsNone(String names, String message) {
        String refusal = Fixtures.inputError(() -> DeviceSpec.of(names));
        assertEquals("device: ", refusal.substring(0, 8));
        assertEquals(message, refusal.substring(refusal.length() - message.length()));
    }

    @Test
    void refusesWhatDoesNotGoWithThem() {
        assertEquals("dtype f16: expected f32 or bf16 on the CPU",
                Fixtures.inputError(() -> DiffusionModel.builder().device("cpu:2x1").dtype("f16")));
        assertEquals("device: expected at least one, found none",
                Fixtures.inputError(() -> new DeviceSpec(List.of(), DeviceSpec.Type.AUTO,
                        DeviceSpec.DEFAULT.kernels(), null, null)));
    }
}
