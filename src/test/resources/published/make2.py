# The refer API's list of expressions, as Python 2 wrote it: python2.7 make2.py
import pickle


def ref(number, image, annotation, split, *sentences):
    return {'ref_id': number, 'ann_id': annotation, 'category_id': 1, 'image_id': image, 'split': split,
            'file_name': 'COCO_train2014_%012d_%d.jpg' % (image, annotation), 'sent_ids': range(len(sentences)),
            'sentences': [{'sent_id': i, 'sent': sentence, 'raw': sentence.title(), 'tokens': sentence.split()}
                          for i, sentence in enumerate(sentences)]}


refs = [ref(0, 9, 1, 'testA', 'the left man', 'man in blue'), ref(1, 9, 2, 'val', 'right'),
        ref(2, 25, 4, 'testA', 'the only one'), ref(3, 9, 2, 'testA', u'the caf\xe9')]
with open('refs(unc).p', 'wb') as file:
    pickle.dump(refs, file, 0)
with open('refs(google).p', 'wb') as file:
    pickle.dump([ref(0, 9, 99, 'train', 'nobody')], file, 2)
