# -*- coding: utf-8 -*-
# What Python 2.7 writes for plain data, as the refer API's lists of expressions were written: python2.7 make.py
import pickle
import cPickle

shared = ['one']
value = [
    {'ref_id': 7, 'split': 'testA', 'sentences': [{'tokens': ['man', 'in', u'caf\xe9'], 'raw': 'it\'s "here"\n'}]},
    {1: None, 'pair': (1.5, -2), 'large': 2 ** 70, 'long': 5L, 'bytes': 'caf\xc3\xa9', 'wide': u'\u732b\U0001f408',
     'empty': [(), [], {}, '', u'']},
    shared, shared]
for writer in pickle, cPickle:
    for protocol in 0, 1, 2:
        with open('%s-%d.p' % (writer.__name__, protocol), 'wb') as file:
            writer.dump(value, file, protocol)
