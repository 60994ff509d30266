package org.diffusionclassifier.server;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.SortedMap;
import org.diffusionclassifier.DiffusionModel;
import org.diffusionclassifier.image.ImageDecoder;
import org.diffusionclassifier.image.RgbImage;
import org.diffusionclassifier.report.html.MatchPage;
import org.diffusionclassifier.report.html.ReferPage;
import org.diffusionclassifier.result.CaptionErrors;
import org.diffusionclassifier.result.ReferredExample;
import org.diffusionclassifier.server.http.Exchange;
import org.diffusionclassifier.server.http.Reply;

/** Compares pictures with captions, or a picture's boxes with an expression. All devices share each picture. */
final class ComparisonJob extends Job {

    private final DiffusionModel model;
    private final ComparisonRequest request;
    private final Metrics metrics;
    private List<RgbImage> pictures;

    /**
     * The answer.
     *
     * @param answer as {@code match --json} or {@code refer --json} has it
     * @param report a page, if asked for
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Answer<T>(T answer, int trials, long pairs, double seconds, List<String> notices,
            SortedMap<String, String> settings, String report) {
    }

    ComparisonJob(Exchange exchange, ServeSpec spec, DiffusionModel model, ComparisonRequest request, Metrics metrics) {
        super(exchange, spec.maxTime());
        this.model = model;
        this.request = request;
        this.metrics = metrics;
    }

    @Override
    void prepare() {
        pictures = request.images().stream().map(image -> ImageDecoder.readWhole(image.bytes(), image.name())).toList();
    }

    @Override
    Runnable run(int device) {
        Answer<?> answer = request.boxes().isEmpty() ? matched() : referred(pictures.get(0));
        metrics.spent(Metrics.Stage.EVALUATE, device, answer.seconds());
        metrics.answered(device, answer.pairs());
        return () -> exchange().reply(Reply.json(answer));
    }

    private Answer<List<CaptionErrors>> matched() {
        var compared = model.matching().trials(request.trials()).nSamples(request.nSamples())
                .before(this::requireGoingOn)
                .matrix(request.images().stream().map(Upload::name).toList(), pictures, request.captions());
        String report = null;
        if (request.report()) {
            var page = new MatchPage();
            for (int i = 0; i < pictures.size(); i++) {
                page.add(pictures.get(i).on(request.trials().background()), compared.value().get(i));
            }
            report = page.matrix(compared.value(), Places.without(compared.settings())).render();
        }
        return answer(compared, report);
    }

    private Answer<ReferredExample> referred(RgbImage picture) {
        String name = request.images().get(0).name();
        var found = model.referring().trials(request.trials()).nSamples(request.nSamples())
                .before(this::requireGoingOn)
                .find(name, picture, request.boxes(), "boxes", request.captions().get(0));
        return answer(found, !request.report() ? null : ReferPage.boxes(picture.on(request.trials().background()),
                found.value(), Places.without(found.settings())).render());
    }

    private static <T> Answer<T> answer(org.diffusionclassifier.Answer<T> of, String report) {
        return new Answer<>(of.value(), of.trials(), of.pairs(), of.seconds(), of.notices(),
                Places.without(of.settings()), report);
    }
}
